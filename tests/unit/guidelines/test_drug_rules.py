"""Adverse effect, poisoning and underdosing: the drug's code beside the manifestation."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from codesuggest.guidelines.rules import CodingRules
from codesuggest.guidelines.worksheet import NoteText
from codesuggest.schema import Assertion, Mention, Suggestion
from codesuggest.suggester import CodeSuggester
from codesuggest.terminology.words import tokenize

Found = dict[str, Suggestion]
Read = Callable[..., Found]


@pytest.fixture
def read(rules: CodingRules) -> Read:
    """Apply the rules to a text in which `condition` stands for `code`; return what they made."""

    def apply(
        text: str,
        condition: str = "",
        code: str = "R05.9",
        status: str = "present",
        holds: str = "present",
        confidence: float = 0.8,
    ) -> Found:
        given = []
        if condition:
            start = text.index(condition)
            mention = Mention(
                condition, start, start + len(condition), "DIAGNOSIS", assertion=Assertion(status)
            )
            given.append(Suggestion("ICD-10-CM", code, code, confidence, (mention,)))
        note = NoteText(text, set(tokenize(text)), lambda first, last: Assertion(holds))
        out = rules(given, lambda s: s.confidence >= 0.375, note=note)
        again = rules(out, lambda s: s.confidence >= 0.375, note=note)
        assert again == out
        made = {s.code: s for s in out if s.code != code}
        for s in made.values():
            assert all(text[m.start_char : m.end_char] == m.text for m in s.evidence)
            assert [e.severity for e in s.edits] == ["info"]
        return made

    return apply


@pytest.mark.parametrize(
    ("text", "condition", "code", "drug_code", "evidence"),
    [
        ("Diarrhea is due to nintedanib; lower it.", "Diarrhea", "K52.1", "T45.1X5A",
         "due to nintedanib"),
        ("Constipation due to opioids.", "Constipation", "K59.03", "T40.2X5A", "due to opioids"),
        ("Lisinopril-induced cough.", "cough", "R05.8", "T46.4X5A", "Lisinopril-induced"),
        ("Rash from amoxicillin.", "Rash", "L27.0", "T36.0X5A", "from amoxicillin"),
        ("neuropathy gr1 from taxol", "neuropathy", "G62.0", "T45.1X5A", "from taxol"),
        ("Hot flashes, adverse effect of leuprolide.", "Hot flashes", "R23.2", "T38.895A",
         "adverse effect of leuprolide"),
        ("Neutropenia d/t lenalidomide", "Neutropenia", "D70.1", "T45.1X5A", "d/t lenalidomide"),
        ("AKI 2/2 NSAIDs", "AKI", "N17.9", "T39.395A", "2/2 NSAIDs"),
        ("AKI secondary to IV contrast.", "AKI", "N17.9", "T50.8X5A", "secondary to IV contrast"),
        ("Hyperglycemia caused by her steroids.", "Hyperglycemia", "R73.9", "T38.0X5A",
         "caused by her steroids"),
        ("Edema attributed to Norvasc.", "Edema", "R60.0", "T46.1X5A", "attributed to Norvasc"),
        ("Bradycardia related to use of metoprolol", "Bradycardia", "R00.1", "T44.7X5A",
         "related to use of metoprolol"),
        ("Hives, reaction to Bactrim DS.", "Hives", "L50.0", "T36.8X5A", "reaction to Bactrim DS"),
        ("Dry mouth as a side effect of oxybutynin", "Dry mouth", "R68.2", "T44.3X5A",
         "side effect of oxybutynin"),
        ("Due to chemotherapy she has nausea.", "nausea", "R11.0", "T45.1X5A",
         "Due to chemotherapy"),
        ("Metformin gave her diarrhea.", "diarrhea", "R19.7", "T38.3X5A", "Metformin gave her"),
        ("Cough from an ACE-inhibitor", "Cough", "R05.8", "T46.4X5A", "from an ACE-inhibitor"),
        ("Colitis from pembrolizumab.", "Colitis", "K52.1", "T45.AX5A", "from pembrolizumab"),
        ("Diarrhea due to antibiotics.", "Diarrhea", "K52.1", "T36.95XA", "due to antibiotics"),
        ("Nausea due\nto chemo.", "Nausea", "R11.0", "T45.1X5A", "due\nto chemo"),
        ("Statin myopathy.", "myopathy", "G72.0", "T46.6X5A", "Statin"),
        ("Drug induced tremor (lithium)", "Drug induced tremor", "G25.1", "T43.595A", "lithium"),
        ("High INR on warfarin.", "High INR", "R79.1", "T45.515A", "on warfarin"),
    ],
    ids=["due to", "class of drugs", "hyphen induced", "from", "a word between", "adverse effect",
         "d/t", "2/2", "contrast", "possessive", "brand", "use of", "reaction to", "side effect",
         "opens the sentence", "gave her", "class with a hyphen", "checkpoint inhibitor",
         "not named", "wrapped line", "no cue before", "no cue behind", "on"],
)  # fmt: skip
def test_adverse_effects(
    read: Read, text: str, condition: str, code: str, drug_code: str, evidence: str
) -> None:
    made = read(text, condition, code)
    assert [m.text for m in made[drug_code].evidence] == [evidence]
    assert made[drug_code].edits[0].rule == "adverse effect of a drug"
    assert made[drug_code].edits[0].codes == (code,)
    assert "I.C.19.e.5" in made[drug_code].edits[0].message or code in ("G72.0", "G25.1", "R79.1")


@pytest.mark.parametrize(
    ("text", "condition", "code"),
    [
        ("Pain from arthritis, on naproxen.", "Pain", "R52"),
        ("Cough not due to lisinopril.", "Cough", "R05.9"),
        ("Cough unlikely due to lisinopril.", "Cough", "R05.9"),
        ("Headache, good relief from ibuprofen.", "Headache", "R51.9"),
        ("Hypertension, switched from lisinopril.", "Hypertension", "I10"),
        ("Anemia due to iron deficiency.", "Anemia", "D64.9"),
        ("Acanthosis due to insulin resistance.", "Acanthosis", "L83"),
        ("Anxiety due to opioid withdrawal.", "Anxiety", "F41.9"),
        ("Opioid-induced withdrawal, anxiety.", "anxiety", "F41.9"),
        ("Seizure due to medication noncompliance.", "Seizure", "R56.9"),
        ("Cough. Rash from amoxicillin.", "Cough", "R05.9"),
        ("Cough\n\nDue to lisinopril", "Cough", "R05.9"),
        ("Personal history of rash due to penicillin", "rash due to penicillin", "Z88.0"),
        ("Poisoning due to digoxin", "Poisoning", "T46.0X1A"),
        ("Fracture due to prednisone", "Fracture", "S72.001A"),
        ("Cough due to asthma, takes lisinopril.", "Cough", "R05.9"),
        ("Cough after lisinopril.", "Cough", "R05.9"),
        ("Cough, treated with benzonatate.", "Cough", "R05.9"),
        ("Cough. Lisinopril 10 mg daily.", "Cough", "R05.9"),
        ("Diabetes due for metformin refill.", "Diabetes", "E11.9"),
        ("Continue PPI, scan d/t long-term PPI", "Continue PPI", "K21.9"),
        ("Hypertension, biopsy deferred because of apixaban.", "Hypertension", "I10"),
        ("Constipation - metformin", "Constipation", "K59.00"),
        ("Weight gain from medicine - metformin was discussed", "gain", "Z68.1"),
        ("", "", "I10"),
    ],
    ids=["given for it", "not", "unlikely", "relief", "switched", "deficiency", "resistance",
         "withdrawal", "induced withdrawal", "noncompliance", "another sentence",
         "another paragraph", "status code",
         "a poisoning", "an injury", "another cause", "only afterwards", "a treatment",
         "no cue", "due for", "words of a drug", "a decision", "dash", "no manifestation",
         "empty"],
)  # fmt: skip
def test_no_adverse_effect(read: Read, text: str, condition: str, code: str) -> None:
    assert read(text, condition, code) == {}


@pytest.mark.parametrize("status", ["negated", "family", "hypothetical", "historical", "planned"])
def test_a_condition_that_is_not_the_patients_now(read: Read, status: str) -> None:
    assert read("Cough due to lisinopril.", "Cough", status=status) == {}


@pytest.mark.parametrize("holds", ["negated", "family", "hypothetical", "historical"])
def test_words_between_may_deny_the_statement(read: Read, holds: str) -> None:
    text = "Diabetes and no cough due to lisinopril."
    assert read(text, "Diabetes", "E11.9", holds=holds) == {}


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("Cough due to lisinopril.", 0.9),
        ("Cough likely due to lisinopril.", 0.36),
        ("Cough due to medication.", 0.27),
    ],
    ids=["stated", "uncertain", "drug not named"],
)
def test_confidence_is_a_share_of_the_conditions(read: Read, text: str, share: float) -> None:
    (made,) = read(text, "Cough", confidence=0.5).values()
    assert made.confidence == pytest.approx(0.5 * share)


def test_a_drug_that_is_named_counts_before_one_that_is_not(read: Read) -> None:
    text = "Cough due to lisinopril, cough from medication."
    assert set(read(text, "Cough")) == {"T46.4X5A"}


def test_several_drugs_are_each_coded(read: Read) -> None:
    made = read("Sedation due to opioids and zolpidem.", "Sedation", "R40.0")
    assert set(made) == {"T40.2X5A", "T42.6X5A"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Concerta 27 mg. Poor appetite d/t stimulant.", "T43.635A"),
        ("Poor appetite d/t stimulant.", "T43.605A"),
        ("Concerta, Vyvanse. Poor appetite d/t stimulant.", "T43.605A"),
        ("Lisinopril. Poor appetite d/t stimulant.", "T43.605A"),
        ("Takes naproxen. Poor appetite due to NSAIDs.", "T39.315A"),
    ],
    ids=["one drug of the class", "none", "two", "of another class", "naproxen"],
)
def test_a_class_word_takes_the_code_of_the_notes_drug(read: Read, text: str, code: str) -> None:
    assert set(read(text, "Poor appetite", "R63.0")) == {code}


@pytest.mark.parametrize(
    ("text", "code", "evidence"),
    [
        ("Intentional overdose of sertraline.", "T43.222A", "overdose of sertraline"),
        ("Overdose of sertraline. Denies suicidal ideation.", "T43.221A", "Overdose of sertraline"),
        ("Overdosed on Tylenol. Wanted to die.", "T39.1X2A", "Overdosed on Tylenol"),
        ("Accidental ibuprofen overdose.", "T39.311A", "ibuprofen overdose"),
        ("Took too many oxycodone.", "T40.2X1A", "Took too many oxycodone"),
        ("Overdose of gabapentin, undetermined intent.", "T42.6X4A", "Overdose of gabapentin"),
    ],
    ids=["intentional", "denied intent", "said elsewhere", "accidental", "not said",
         "undetermined"],
)  # fmt: skip
def test_poisoning(read: Read, text: str, code: str, evidence: str) -> None:
    made = read(text)
    assert set(made) == {code}
    assert [m.text for m in made[code].evidence] == [evidence]


def test_the_stated_intent_holds_back_another(rules: CodingRules) -> None:
    text = "Intentional overdose of sertraline."
    mention = Mention("overdose", 12, 20, "DIAGNOSIS")
    model = Suggestion("ICD-10-CM", "T43.221A", "accidental", 0.9, (mention,))
    note = NoteText(text, set(tokenize(text)), lambda first, last: Assertion())
    found = {s.code: s for s in rules([model], lambda s: s.confidence > 0.375, note=note)}
    assert found["T43.221A"].withheld
    assert not found["T43.222A"].withheld


@pytest.mark.parametrize(
    ("text", "code", "evidence"),
    [
        ("She let her mesalamine lapse.", "T47.8X6A", "let her mesalamine"),
        ("Stopped taking lithium on her own.", "T43.596A", "Stopped taking lithium"),
        ("He discontinued his lithium by his own choice.", "T43.596A", "discontinued his lithium"),
        ("Ran out of his Eliquis.", "T45.516A", "Ran out of his Eliquis"),
        ("Noncompliant with metformin.", "T38.3X6A", "Noncompliant with metformin"),
        ("Rationing insulin.", "T38.3X6A", "Rationing insulin"),
    ],
    ids=["lapse", "own account", "own choice", "ran out", "noncompliant", "rationing"],
)
def test_underdosing(read: Read, text: str, code: str, evidence: str) -> None:
    made = read(text)
    assert set(made) == {code}
    assert [m.text for m in made[code].evidence] == [evidence]


@pytest.mark.parametrize(
    "text",
    [
        "Stopped lisinopril because of cough.",
        "Discontinued warfarin before surgery.",
        "Let her take ibuprofen.",
        "Never ran out of insulin.",
        "Noncompliant with medication.",
        "Noncompliant with diet, takes metformin.",
        "Opioid overdose education given; naloxone.",
        "Took two oxycodone.",
    ],
    ids=["stopped by the provider", "before surgery", "let her take", "never", "not named",
         "another object", "education", "as prescribed"],
)  # fmt: skip
def test_neither_poisoning_nor_underdosing(read: Read, text: str) -> None:
    assert read(text) == {}


@pytest.mark.parametrize("holds", ["negated", "family", "hypothetical", "historical", "uncertain"])
@pytest.mark.parametrize("text", ["Overdose of sertraline.", "Ran out of insulin."])
def test_intake_that_is_not_the_patients_now(read: Read, text: str, holds: str) -> None:
    assert read(text, holds=holds) == {}


def test_nothing_is_read_without_a_note(rules: CodingRules) -> None:
    mention = Mention("Cough due to lisinopril", 0, 23, "DIAGNOSIS")
    given = [Suggestion("ICD-10-CM", "R05.9", "cough", 0.9, (mention,))]
    assert [s.code for s in rules(given, lambda s: True)] == ["R05.9"]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("ASSESSMENT: Constipation due to opioids. Continue senna.", {"T40.2X5A"}),
        ("ASSESSMENT: İ. Nausea and vomiting due to chemotherapy.", {"T45.1X5A"}),
        ("ASSESSMENT: Hypertension. No cough from lisinopril.", set()),
        ("ALLERGIES: Hives from amoxicillin in childhood.", set()),
        ("FAMILY HISTORY: Mother had a gastric ulcer due to naproxen.", set()),
        ("ASSESSMENT: Intentional overdose of sertraline.", {"T43.222A"}),
        ("PLAN: Return if she develops bleeding from apixaban.", set()),
        ("ASSESSMENT: Hypertension, controlled. Lisinopril 10 mg daily.", set()),
    ],
    ids=["opioids", "a letter that grows in lower case", "negated", "allergy", "family",
         "overdose", "hypothetical", "treated"],
)  # fmt: skip
def test_notes(suggester: CodeSuggester, text: str, codes: set[str]) -> None:
    found = [s for s in suggester.suggest(text) if s.code[:1] == "T" and s.edits]
    made = {s.code for s in found if any(" drug" in e.rule for e in s.edits)}
    assert made == codes
    for s in found:
        assert all(text[m.start_char : m.end_char] == m.text for m in s.evidence)
        assert all(m.section is not None for m in s.evidence)
