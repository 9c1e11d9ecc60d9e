"""The model card that the training writes beside a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from codesuggest.training.code_reading import ReadingReport
from codesuggest.training.corpora import CodedNote
from codesuggest.training.measure import Scores

__all__ = ["write_model_card", "write_site_card"]

#: What the corpora are and under which licence their source offers them.
_SOURCES = {
    "aci_bench": "ACI-Bench office-visit notes (Yim et al. 2023), text CC BY 4.0, coded by us",
    "codiesp": "CodiEsp clinical cases, machine-translated English (Miranda-Escalada et al. "
    "2020), CC BY 4.0",
    "training_notes": "our own invented notes, models/training_notes, published with the project",
}


def write_model_card(
    folder: Path,
    version: str,
    releases: Mapping[str, str],
    notes: Sequence[CodedNote],
    weak: Sequence[CodedNote],
    names: Sequence[object],
    figures: Mapping[str, Scores],
) -> None:
    """Write ``MODEL_CARD.md``: data with licences, figures, limits, intended use."""
    corpora = Counter(n.corpus for n in (*notes, *weak))
    lines = [
        f"# codesuggest default model, version {version}",
        "",
        "Suggests ICD-10-CM, CPT and HCPCS Level II codes for English clinical notes of the",
        "United States. It supports a coder's judgement; it does not file claims and must not",
        "be used to diagnose.",
        "",
        "## Releases",
        "",
        *(f"- {name}: {release}" for name, release in releases.items()),
        "",
        "## Trained on",
        "",
        *(f"- {_SOURCES.get(c, c)}: {n} notes" for c, n in sorted(corpora.items())),
    ]
    if names:
        lines.append(
            f"- {len(names):,} disease names of the Mondo (CC BY 4.0) and Human Disease "
            "(CC0) ontologies"
        )
    lines += [
        "- ICD-10-CM tabular list and Alphabetic Index (CDC/NCHS, public domain); our own",
        "  lexicon and starter catalogues of CPT and HCPCS",
        "",
        "No text of any note is in the model: it holds hashed and stemmed wordings of the code",
        "sets, a list of ordinary English words, tree thresholds and counts of codes.",
        "",
        "## Figures",
        "",
        "Out of fold by note (five folds): no note was scored by a model that saw it. The",
        "operating point is that of the best F1 over all of these notes. The test part of our",
        "own notes (one in five, by a hash of the id, `splits.csv`) is in no fold and no table;",
        "development printed its figures after each training, and they were in sight when one",
        "of several models was taken.",
        "",
        *_table(figures),
        "",
        "Precision counts codes against those that must be reported; codes that a coder could",
        "also accept neither help nor hurt it, and count as right in lenient precision.",
        "",
        "## Limits",
        "",
        "- English notes of the United States; other languages are not understood.",
        "- CPT descriptions are our own; without the licensed AMA file rare procedures are",
        "  missing, and payer-specific edits are not applied.",
        "- Evaluation and management levels are not suggested.",
        "- Confidence is calibrated on the notes above; on notes of another kind it may be off.",
        "",
    ]
    (folder / "MODEL_CARD.md").write_text("\n".join(lines), encoding="utf-8")


def write_site_card(
    folder: Path,
    version: str,
    releases: Mapping[str, str],
    base_version: str,
    notes: Sequence[CodedNote],
    reading: ReadingReport,
    figures: Mapping[str, Scores],
) -> None:
    """Write the card of a model that was trained on the notes of one site."""
    lines = [
        f"# Site model, version {version}",
        "",
        "Trained with `codesuggest train`. Suggests ICD-10-CM, CPT and HCPCS Level II codes the",
        "way the coders of the notes below do. It supports a coder's judgement; it does not file",
        "claims and must not be used to diagnose.",
        "",
        f"- Started from: {f'model {base_version}' if base_version else 'the terminology alone'}",
        *(f"- {name}: {release}" for name, release in releases.items()),
        f"- Notes: {len(notes):,}; codes: {reading.n_codes:,}; rows left out: "
        f"{len(reading.left_out):,} (`left_out.csv`)",
        f"- Codes mapped from older years or spellings: {sum(reading.mapped.values()):,}",
        "",
        "The model holds hashed words and counts of these notes, and wordings that stand for a",
        "code. Guard it as the notes are guarded.",
        "",
        "## Figures",
        "",
        "Out of fold by note (five folds). *before* and *after*: the base model's own notes,",
        "with the base and with this model.",
        "",
        *_table(figures),
        "",
    ]
    (folder / "MODEL_CARD.md").write_text("\n".join(lines), encoding="utf-8")


def _table(figures: Mapping[str, Scores]) -> list[str]:
    lines = [
        "| notes | precision | recall | F1 | lenient precision | operating point | ECE | n |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines.extend(
        f"| {name} | {s.precision:.3f} | {s.recall:.3f} | {s.f1:.3f} | "
        f"{s.lenient_precision:.3f} | {s.operating_point:.3f} | {s.ece:.3f} | {s.notes} |"
        for name, s in figures.items()
    )
    return lines
