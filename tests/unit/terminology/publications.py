"""Small hand-written files in the layouts of the publishers; all wording is our own."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

SHARED = Path(__file__).resolve().parents[4] / "shared" / "terminology"

TABULAR = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.tabular>
  <version>2024</version>
  <chapter>
    <name>1</name>
    <desc>Made-up conditions (B10-S19)</desc>
    <section id="B10-B19">
      <desc>Made-up infections</desc>
      <diag>
        <name>B10</name>
        <desc>Blue fever</desc>
        <excludes1><note>green fever (B11)</note></excludes1>
        <diag>
          <name>B10.1</name>
          <desc>Blue fever of lung</desc>
          <inclusionTerm><note>Azure lung</note></inclusionTerm>
        </diag>
        <diag><name>B10.9</name><desc>Blue fever, unspecified, Ménière’s</desc></diag>
      </diag>
      <diag>
        <name>S12</name>
        <desc>Bruised tail</desc>
        <sevenChrDef>
          <extension char="A">initial encounter</extension>
          <extension char="D">subsequent encounter</extension>
        </sevenChrDef>
      </diag>
    </section>
  </chapter>
</ICD10CM.tabular>
"""

INDEX = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.index>
  <version>2024</version>
  <title>ICD-10-CM INDEX TO DISEASES and INJURIES</title>
  <letter>
    <title>F</title>
    <mainTerm>
      <title>Fever<nemod>(of unknown origin) (high)</nemod> NEC</title>
      <code>B10.9</code>
      <seeAlso>Heat</seeAlso>
      <term level="1">
        <title>blue</title>
        <code>B10</code>
        <manif>J99</manif>
        <term level="2"><title>lung</title><code>S90.51-</code></term>
        <term level="2"><title><nemod>(dark)</nemod></title><code>B10.1</code></term>
      </term>
      <term level="1"><title>green</title><see>Green</see></term>
      <term level="1"><title>grey</title><seecat>B11</seecat></term>
    </mainTerm>
  </letter>
</ICD10CM.index>
"""

EXTERNAL = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.index>
  <version>2024</version>
  <title>ICD-10-CM External Cause of Injuries Index</title>
  <letter>
    <title>F</title>
    <mainTerm>
      <title>Fall<nemod>(from)</nemod></title>
      <term level="1"><title>moon</title><code>W19</code></term>
    </mainTerm>
  </letter>
</ICD10CM.index>
"""

_TABLE = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.index>
  <version>2024</version>
  <indexHeading>
    <head col="1">{first}</head>
    <head col="2">Kind one</head>
    <head col="3">Kind two</head>
  </indexHeading>
  <letter>
    <title>A</title>
    <mainTerm>
      <title>{main}<nemod>(any)</nemod></title>
      <cell col="2">{a}</cell>
      <cell col="3">--</cell>
      <term level="1"><title>tail</title><see>Tail</see><cell col="3">{b}</cell></term>
    </mainTerm>
  </letter>
</ICD10CM.index>
"""
NEOPLASM = _TABLE.format(first="Neoplasm", main="Neoplasm", a="C80.1", b="C79.8-")
DRUG = _TABLE.format(first="Substance", main="Mooncake", a="T51.3X1", b="T51.3X5")

ORDER = "\r\n".join(
    f"{number:05} {code:<7} {flag} {short:<60} {title}"
    for number, code, flag, short, title in (
        (1, "B10", 0, "Blue fever", "Blue fever"),
        (2, "B101", 1, "Blue fever of lng", "Blue fever of lung"),
        (3, "B109", 1, "Blue fever, unsp", "Blue fever, unspecified"),
        (4, "S12", 0, "Bruised tail", "Bruised tail"),
        (5, "S12XXXA", 1, "Bruised tail, init", "Bruised tail, initial encounter"),
    )
) + "\r\n"  # fmt: skip

CODES = "B101    Blue fever of lung\r\nB109    Blue fever, unspecified\r\nQA00    Moon fever\r\n"


def _hcpcs(code: str, sequence: int, record: str, text: str, short: str = "", **at: str) -> str:
    line = [" "] * 320
    given = {"0": f"{code:>5}{sequence:05}{record}{text}", "91": short, **at}
    for start, value in given.items():
        line[int(start) : int(start) + len(value)] = value
    return "".join(line)


_DAY = {"268": "20180101", "276": "20190101", "292": "N", "229": "C"}
HCPCS = "\r\n".join(
    (
        "***Disclaimers",
        "",
        "*Brand names are for finding only.\u00a0",
        "",
        _hcpcs("A1", 100, "7", "Bandage for one tail", "Bandage one tail", **_DAY),
        _hcpcs("A0021", 100, "3", "Ride to the moon, per kilometre, with a driver who speaks the",
               "Ride moon", **_DAY, **{"119": "0013", "256": "O1A"}),
        _hcpcs("A0021", 200, "4", "language of the patient"),
        _hcpcs("A0022", 100, "3", "Ride back", "Ride back",
               **{**_DAY, "284": "20181231", "292": "D"}),
    )
) + "\r\n"  # fmt: skip

HCPCS_SHEET = [
    ["***Disclaimers"],
    [],
    ["HCPC", "SEQNUM", "RECID", "LONG DESCRIPTION", "SHORT DESCRIPTION", "PRICE1", "PRICE2",
     "COV", "BETOS", "ADD DT", "ACT EFF DT", "TERM DT", "ACTION CD"],
    ["   A1", "0010", "7", "Bandage for one tail", "Bandage one tail", "", "",
     "C", "", "20180101", "20190101", "", "N"],
    ["A0021", "0010", "3", "Ride to the moon, per kilometre, with a driver who speaks the language"
     " of the patient", "Ride moon", "00", "13", "C", "O1A", "20180101", "20190101", "", "N"],
    ["A0022", "0010", "3", "Ride back", "Ride back", "", "", "C", "", "20180101", "20190101",
     "20181231", "D"],
]  # fmt: skip

HCPCS_CSV = (
    "Code,Description,last_updated\n"
    "   A1,Bandage for one tail,09-12-2025\n"
    'A0021,"Ride to the moon, per kilometre",09-12-2025\n'
    "J9999,Moon dust,09-12-2025\n"
)

CPT_LONG = (
    "A made-up licence of 2025\r\n\r\n99999\tan example inside the licence\r\n"
    "All rights of nobody.\r\n\r\n"
    "10004\tRemoval of a star, first\r\n10005\tRemoval of a star, each further\r\n"
    "0001T\tPolishing of a moon’s crater\r\n"
)
CPT_MEDIUM = (
    "10004 STAR REMOVAL FIRST, OF THE WHOLE SKY\r\n10005 STAR REMOVAL EACH\r\n0001T CRATER\r\n"
)
CPT_SHORT = "10004 STAR REMOVAL 1ST\r\n10005 STAR REMOVAL EA\r\n0001T CRATER\r\n"
CPT_CONSUMER = (
    "Concept Id\tCPT Code\tConsumer Friendly Descriptor\r\n"
    "1002797\t10004\tTaking a star away\r\n1002798\t10005\tTaking another star away\r\n"
)
CPT_CLINICIAN = (
    "Concept Id\tCPT Code\tClinician Descriptor Id\tClinician Descriptor\r\n"
    "1002797\t10004\t21\tStar excision\r\n1002797\t10004\t22\tStar ablation\r\n"
)


def _atom(sab: str, tty: str, code: str, text: str, suppress: str = "N", lat: str = "ENG") -> str:
    fields = ["C0000001", lat, "P", "L0000001", "PF", "S0000001", "Y", "A0000001", "", "", "",
              sab, tty, code, text, "4", suppress, ""]  # fmt: skip
    return "|".join(fields) + "|\n"


MRCONSO = "".join(
    (
        _atom("MSH", "MH", "D000001", "Star"),
        _atom("CPT", "SY", "10004", "Star taken away"),
        _atom("CPT", "PT", "10004", "Removal of a star"),
        _atom("CPT", "PT", "10005", "Old star", "O"),
        _atom("CPT", "HT", "10004-10021", "Stars"),
        _atom("HCPCS", "PT", "A0021", "Ride to the moon"),
        _atom("ICD10CM", "HT", "B10", "Blue fever"),
        _atom("ICD10CM", "PT", "B10.1", "Blue fever of lung"),
        _atom("CPT", "PT", "10004", "Sternentfernung", lat="GER"),
    )
)

CONCEPT = "".join(
    "\t".join(row) + "\n"
    for row in (
        ("concept_id", "concept_name", "domain_id", "vocabulary_id", "concept_class_id",
         "standard_concept", "concept_code", "valid_start_date", "valid_end_date",
         "invalid_reason"),
        ("1", 'Removal of a "star', "Procedure", "CPT4", "CPT4", "S", "10004", "19700101",
         "20991231", ""),
        ("2", "Ride to the moon", "Device", "HCPCS", "HCPCS", "S", "A0021", "19820101",
         "20991231", ""),
        ("3", "Ride back", "Device", "HCPCS", "HCPCS", "", "A0022", "19820101", "20181231", "D"),
        ("4", "Blue fever", "Condition", "ICD10CM", "3-char nonbill code", "", "B10", "20151001",
         "20991231", ""),
        ("5", "Star", "Condition", "SNOMED", "Disorder", "S", "123", "20020131", "20991231", ""),
    )
)  # fmt: skip
CONCEPT_SYNONYM = (
    "concept_id\tconcept_synonym_name\tlanguage_concept_id\n"
    "1\tStar excision\t4180186\n1\tSternentfernung\t4182504\n5\tSun\t4180186\n"
)

CONVERSION_SHEET = [
    ["A made-up introduction to the FY 2024 table."],
    ["Current code assignment", "Effective", "Previous Code(s) Assignment"],
    ["B10.1 ", "2023", "B10"],
    ["S12XXXA", "45017", "S11.1-S11.3; S12.- and S13"],
    ["B10.9", "2023", "None"],
]

PLAIN = "code,title,synonyms\nE11.9,Sugar disease,sugar | diabetes\nI10,High pressure,\n"


def workbook(rows: list[list[str]], *, prolog: str = "") -> bytes:
    """Build a workbook of one sheet, with shared strings; digits alone become numbers."""
    strings: list[str] = []
    cells = ""
    for number, row in enumerate(rows, 1):
        cells += f'<row r="{number}">'
        for column, value in enumerate(row):
            if not value:
                continue
            reference = f'r="{chr(65 + column)}{number}"'
            if value.isdecimal() and not value.startswith("0"):
                cells += f"<c {reference}><v>{value}</v></c>"
            else:
                strings.append(value.replace("&", "&amp;").replace("<", "&lt;"))
                cells += f'<c {reference} t="s"><v>{len(strings) - 1}</v></c>'
        cells += "</row>"
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    shared = "".join(f'<si><t xml:space="preserve">{text}</t></si>' for text in strings)
    return archive(
        {
            "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
            '<sheet name="One" sheetId="1" r:id="rId1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.'
            'org/package/2006/relationships"><Relationship Id="rId1" Type="t" '
            'Target="worksheets/sheet1.xml"/></Relationships>',
            "xl/sharedStrings.xml": f'{prolog}<sst xmlns="{main}">{shared}</sst>',
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{cells}'
            "</sheetData></worksheet>",
        }
    )


def archive(members: dict[str, str | bytes]) -> bytes:
    """Build a zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as handle:
        for name, data in members.items():
            handle.writestr(name, data)
    return buffer.getvalue()


@dataclass(frozen=True)
class Made:
    """A made-up publication: its format, a file name that tells nothing, its bytes."""

    format: str
    name: str
    data: bytes
    rows: int

    def write(self, folder: Path) -> Path:
        path = folder / self.name
        path.write_bytes(self.data)
        return path


PUBLICATIONS: dict[str, Made] = {
    made.format: made
    for made in (
        Made("tabular", "a.xml", TABULAR.encode(), 6),
        Made("index", "b.xml", INDEX.encode(), 6),
        Made("external_causes", "c.xml", EXTERNAL.encode(), 2),
        Made("neoplasm_table", "d.xml", NEOPLASM.encode(), 2),
        Made("drug_table", "e.xml", DRUG.encode(), 2),
        Made("order_file", "f.txt", ORDER.encode(), 5),
        Made("code_file", "g.txt", CODES.encode(), 3),
        Made("hcpcs_fixed_width", "h.txt", HCPCS.encode("cp1252"), 3),
        Made("hcpcs_workbook", "i.xlsx", workbook(HCPCS_SHEET), 3),
        Made("cpt_long", "j.txt", CPT_LONG.encode("cp1252"), 3),
        Made("cpt_medium", "k.txt", CPT_MEDIUM.encode(), 3),
        Made("cpt_short", "l.txt", CPT_SHORT.encode(), 3),
        Made("cpt_consumer", "m.txt", CPT_CONSUMER.encode(), 2),
        Made("cpt_clinician", "n.txt", CPT_CLINICIAN.encode(), 2),
        Made("mrconso", "o.rrf", MRCONSO.encode(), 2),
        Made("athena", "p.csv", CONCEPT.encode(), 1),
        Made("conversion_table", "q.xlsx", workbook(CONVERSION_SHEET), 3),
        Made("plain_table", "r.csv", PLAIN.encode(), 2),
    )
}
