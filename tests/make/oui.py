#!/usr/bin/env python3
"""Makes agent/src/sensor/assets/oui/ from the IEEE's public listing of MA-L assignments (oui.csv, as Debian's
package ieee-data has it: "IEEE does not assert any copyright in the OUI Public Listing or attempt to restrict
distribution of the listing in any way").

    tests/make/oui.py /usr/share/ieee-data/oui.csv agent/src/sensor/assets/oui

Kept are makers with three or more assignments, and makers of plant equipment with any. `makers.txt` has a maker a line.
`prefixes.txt` has an assignment a line, in order: its three bytes and the byte of `makers.txt` at which the maker's name
begins, both in hexadecimal; all lines are equally long, so that it is searched as it is.
"""
import collections
import csv
import re
import sys

PLANT = """siemens rockwell allen-bradley schneider telemecanique modicon abb beckhoff wago phoenix contact omron mitsubishi
honeywell emerson fisher yokogawa hirschmann hilscher moxa advantech lantronix digi pilz sick festo bosch rexroth lenze sew-eurodrive
endress krohne pepperl turck balluff ifm keyence fanuc kuka yaskawa danfoss b&r bernecker hitachi toshiba fuji delta electronics
general electric ge intelligent schweitzer sel landis itron elster kamstrup bachmann saia-burgess jumo weidm red lion prosoft
westermo belden anybus hms industrial korenix sixnet codesys wonderware invensys foxboro woodward bently nematron parker
murrelektronik helmholz insys ewon vipa lapp janitza carel trend control johnson controls tridium distech delta controls
loytec belimo automated logic trane alerton copa-data zenon eurotherm omicron qnx national instruments opto 22""".split()
DROP = re.compile(
    r"[,.]|\b(inc|incorporated|co|corp|corporation|company|ltd|limited|llc|gmbh|ag|kg|sa|s a|sas|srl|spa|s p a|bv|b v|nv|oy|ab|as|a s|aps|pty|"
    r"plc|pte|sdn|bhd|kk|k k|holdings?|& co)\b", re.I)


def short(name):
    plain = re.sub(r"\s+", " ", DROP.sub(" ", name)).strip(" -&")
    if plain.isupper() and len(plain) > 4:
        plain = plain.title()
    return plain[:40].strip() or name[:40]


makers = collections.defaultdict(set)
for row in csv.DictReader(open(sys.argv[1], encoding="utf-8")):
    makers[short(row["Organization Name"])].add(row["Assignment"].lower())
words = re.compile(r"\b(" + "|".join(re.escape(word) for word in PLANT if len(word) > 2) + r")", re.I)
listing, makers_text = sys.argv[2], ""
prefixes = {}
for name in sorted(makers):
    if name != "Private" and (len(makers[name]) >= 3 or words.search(name)):
        for prefix in makers[name]:
            prefixes.setdefault(prefix, len(makers_text.encode()))
        makers_text += name + "\n"
with open(f"{listing}/prefixes.txt", "w", encoding="ascii") as out:
    out.writelines(f"{prefix} {place:05x}\n" for prefix, place in sorted(prefixes.items()))
with open(f"{listing}/makers.txt", "w", encoding="utf-8") as out:
    out.write(makers_text)
