"""What the command says of many files: neither everything, nor too little."""

from unnoise.cli.console import MOST_ALIKE, Notes


def test_notes_that_differ_in_numbers_are_said_a_few_times_and_the_rest_is_counted() -> None:
    notes = Notes()
    said = [note for i in range(20) for note in notes.new([f"values from {i} to {2 * i}"])]
    assert said == [f"values from {i} to {2 * i}" for i in range(MOST_ALIKE)]
    assert notes.rest("--json") == [
        f"notes like these were left out: {20 - MOST_ALIKE}; --json has them"
    ]


def test_the_same_note_is_said_once_and_others_are_not_held_back() -> None:
    notes = Notes()
    assert notes.new(["not kept: palette"]) == ["not kept: palette"]
    assert notes.new(["not kept: palette", "not kept: alpha"]) == ["not kept: alpha"]
    assert notes.rest("--json") == ["notes like these were left out: 1; --json has them"]


def test_nothing_is_said_of_nothing() -> None:
    assert Notes().rest("--json") == []
