"""`eigen devices reserve` and `release`: one process keeps a slot, others see it and use it."""

from __future__ import annotations


def test_a_slot_that_one_process_reserves_is_seen_and_released_by_others(shell):
    held = shell.json("devices", "reserve", "sim:local", "--ttl", "10m", "--purpose", "calibration")
    (status,) = shell.json("devices", "status", "sim:local")
    assert (status["reserved"], status["reservations"]) == (1, [held])
    assert held["reservation_id"] in shell.run("devices", "status").stdout
    assert shell.json("devices", "release", held["reservation_id"]) == {"reservation_id": held["reservation_id"]}
    assert "no length of time" in shell.run("devices", "reserve", "sim:local", "--ttl", "soon").stderr
    gone = shell.run("devices", "release", held["reservation_id"])
    assert (gone.returncode, "there is no reservation" in gone.stderr) == (2, True)
