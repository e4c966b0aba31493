"""Reads a calendar file by the package icalendar and prints a line for each entry, by date.

Usage: read_calendar.py FILE. Fails if the file isn't one whole calendar, or has errors that the package
would pass over.
"""

import sys

from icalendar import Calendar

with open(sys.argv[1], "rb") as source:
    calendar = Calendar.from_ical(source.read())
assert calendar["VERSION"] == "2.0" and calendar["PRODID"]
assert not calendar.errors, calendar.errors
events = calendar.walk("VEVENT")
assert len({event["UID"] for event in events}) == len(events), "ids repeat"
lines = []
for event in events:
    assert not event.errors, event.errors
    assert event["DTSTAMP"].dt.utcoffset().total_seconds() == 0
    category = event["CATEGORIES"].cats[0]
    first, end = event["DTSTART"].dt, event["DTEND"].dt
    lines.append(f"{first} {end} {category} {event['STATUS']} {event['SUMMARY']}")
sys.stdout.buffer.write("".join(line + "\n" for line in sorted(lines)).encode())
