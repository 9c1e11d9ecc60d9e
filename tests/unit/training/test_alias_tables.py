from __future__ import annotations

import pytest

from codesuggest.schema import SYSTEMS
from codesuggest.terminology.alias_index import AliasIndex
from codesuggest.terminology.aliases import Alias
from codesuggest.terminology.releases import load_release
from codesuggest.terminology.words import DATA, WordForms, read_csv
from codesuggest.training.alias_tables import silence

FORMS = WordForms.packaged()


def test_silent_wordings_are_silenced_without_any_note() -> None:
    systems = {name: load_release(name) for name in SYSTEMS}
    row = systems["ICD-10-CM"].row_of["Q63.2"]
    index = AliasIndex.build(
        [Alias("pelvic kidney", "ICD-10-CM", row, "index"),
         Alias("ectopic kidney", "ICD-10-CM", row, "title")], FORMS,
    )  # fmt: skip
    assert silence({"DIAGNOSIS": index}, systems, []) == 1
    silent = {tuple(sorted(index.words[w] for w in index.bag_ids(b).tolist()))
              for b in range(len(index)) if index.silent[b]}  # fmt: skip
    assert silent == {tuple(sorted(FORMS.bag("renal pelvis")))}


@pytest.mark.parametrize("column", ["term", "why"])
def test_every_silent_wording_says_why(column: str) -> None:
    rows = read_csv(DATA / "lexicon" / "silent.csv", ("term", "why"))
    assert rows
    assert [row for row in rows if not row[column].strip()] == []
