"""From text to mentions: tokenizer, sections, sentences, mentions, attributes, assertion.

The only room that imports spaCy.
"""
