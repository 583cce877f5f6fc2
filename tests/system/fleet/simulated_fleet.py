"""Prints what `clush -w @all corral report --format jsonl` would: argv is the number of nodes, of rows each, and a row as a template."""

import json
import sys

ALPHABET = "23456789abcdefghjkmnpqrstvwxyz"


def job_id(number):
    text = ""
    for _ in range(6):
        number, digit = divmod(number, len(ALPHABET))
        text += ALPHABET[digit]
    return text


def main():
    nodes, rows, template = int(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3])
    write = sys.stdout.write
    before = json.dumps({**template, "host": "@HOST@", "id": "@ID@", "user": "@USER@"})
    # In the order in which the nodes of a fan-out answer: a piece of each in turn.
    for row in range(rows):
        for node in range(nodes):
            line = before.replace("@HOST@", f"node{node}").replace("@ID@", job_id(row)).replace("@USER@", f"user{row % 50}")
            write(f"node{node}: {line}\n")
    for node in range(nodes):
        end = {"end": True, "host": f"node{node}", "rows": rows, "whole": True}
        write(f"node{node}: {json.dumps(end)}\n")


main()
