"""From mentions to suggestions: candidates, features, ranker, confidence. Never imports spaCy."""
