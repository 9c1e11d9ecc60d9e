"""From coded notes to a model: corpora, fit, calibrate, evaluate."""
