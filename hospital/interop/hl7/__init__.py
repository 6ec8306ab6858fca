"""HL7 v2 as laboratories really send it: framing, reading, answering. Nothing here knows the database."""
