"""The example of monotonic constraints shows what it says."""


def test_monotone(run):
    table = run("understanding/monotone")["table"]
    free, constrained = table.values()
    steps = "steps against the constraints"
    assert free[steps] > 0.01
    assert constrained[steps] == 0
    assert constrained["log-loss of test rows"] < free["log-loss of test rows"]
    distance = "distance from the true probability"
    assert constrained[distance] < free[distance]
