"""The statistics against tables and hand computation, the verdicts in every situation, false alarms by simulation."""

import json
import math
from datetime import UTC, datetime, timedelta

import numpy
import pytest
from mendbook.incidents.registrations import Registrations
from mendbook.logs import read
from mendbook.rates.change_points import guesses
from mendbook.rates.poisson import in_bursts, poisson_interval, rate_chances, ratio_interval
from mendbook.rates.rates import assess
from mendbook.rates.words import an_amount, chance, per, quiet

START = datetime(2026, 1, 1, tzinfo=UTC)


def day(number):
    return START + timedelta(days=number)


def evenly(since, until, rate):
    """``rate`` moments a day, as far apart as can be: no burst among them."""
    number = round((until - since) * rate)
    return [since + (until - since) * (place + 0.5) / number for place in range(number)]


def told(times, days, deploys=(), now=None, registrations=None):
    moments = [None if each is None else day(each) for each in times]
    registered = None
    if registrations is not None:
        came = [day(each) for each in registrations]

        def registered(since, until):
            return sum(since <= each < until for each in came)

    result = assess(moments, (START, day(days)), [(day(at), name) for at, name in deploys], day(now or days), registered)
    assert json.loads(json.dumps(result)) == result
    return result


@pytest.mark.parametrize(
    ("events", "low", "high"),
    [(0, 0, 3.6889), (1, 0.0253, 5.5716), (2, 0.2422, 7.2247), (5, 1.6235, 11.6683), (10, 4.7954, 18.3904),
     (100, 81.3640, 121.6268)],
)  # fmt: skip
def test_intervals_are_those_of_the_printed_tables(events, low, high):
    assert poisson_interval(events, 1) == pytest.approx((low, high), abs=5e-5)
    assert poisson_interval(events, 4) == pytest.approx((low / 4, high / 4), abs=5e-5)


@pytest.mark.parametrize("mean", [0.3, 2.0, 11.0])
def test_intervals_hold_the_true_rate_as_often_as_they_say(mean):
    holding = [k for k in range(60) if poisson_interval(k, 1)[0] <= mean <= poisson_interval(k, 1)[1]]
    held = sum(math.exp(-mean) * mean**k / math.factorial(k) for k in holding)
    assert 0.95 <= held < 1


def test_two_rates_are_compared_exactly():
    # 8 before and 2 after in equal times: P(X <= 2), X ~ binomial(10, 1/2), is (1 + 10 + 45) / 1024.
    fewer, more = rate_chances(8, 2, (5.0, 5.0))
    assert fewer == pytest.approx(56 / 1024)
    assert more == pytest.approx(1013 / 1024)
    assert rate_chances(20, 0, (10.0, 1 / 24))[0] == pytest.approx((240 / 241) ** 20)


def test_the_ratio_has_an_interval():
    low, high = ratio_interval(8, 2, (5.0, 5.0))
    assert low < 0.25 < high
    # Clopper and Pearson for 2 of 10: 0.0252 to 0.5561.
    assert (low, high) == pytest.approx((0.0252 / 0.9748, 0.5561 / 0.4439), rel=2e-3)
    assert ratio_interval(0, 3, (1.0, 1.0))[1] == math.inf


def test_a_double_click_is_one_burst():
    times = [START + timedelta(seconds=each) for each in (0, 1, 59, 60, 61, 500)]
    assert in_bursts(times, timedelta(minutes=1)) == [times[0], times[3], times[5]]


def test_the_sentence_of_a_good_fix():
    result = told(evenly(0, 10, 14), 19, [(10, "fix")])
    assert result["verdict"] == (
        "No incident in 9 days, since 'fix'; before it 14 a day; at that rate 9 quiet days by chance: less than 1 in 10^50."
    )
    assert result["still_bleeding"] is False
    # (10 / 19) ** 140 is 10 ** -39.02
    assert "only from 140 incidents in 10 days; allowing for that, the chance is less than 1 in 10^39" in result["doubt"]
    (deploy,) = result["deploys"]
    assert deploy["before"] == {"incidents": 140, "bursts": 140, "days": 10.0, "per_day": 14.0, "low": 11.7771, "high": 16.5205}
    assert deploy["after"]["per_day"] == 0
    assert deploy["after"]["high"] == pytest.approx(3.6889 / 9, rel=1e-4)
    assert deploy["ratio"] == 0
    assert deploy["verdict"].startswith("stopped")


def test_too_short_a_silence_tells_nothing():
    result = told(evenly(0, 10, 2), 10 + 1 / 24, [(10, "fix")])
    assert result["verdict"] == "Cannot tell yet: at 2 a day a quiet hour is no surprise (92 in 100)."
    assert result["still_bleeding"] is None
    assert result["deploys"][0]["verdict"] == "no difference shown (by chance: 92 in 100)"


def test_still_bleeding():
    result = told([*evenly(0, 10, 14), *evenly(10, 12, 1.5)], 12, [(10, "fix")])
    assert result["verdict"].startswith("Still bleeding: 3 incidents in the last 2 days, since 'fix', the last ")
    assert "before it 14 a day" in result["verdict"]
    assert result["still_bleeding"] is True
    assert result["deploys"][0]["verdict"].startswith("fewer than before")


def test_old_workers_that_finish_do_not_count_as_bleeding():
    result = told([*evenly(0, 10, 14), 10.001, 10.003], 19, [(10, "fix")])
    assert result["still_bleeding"] is False
    assert "of 2 incidents since 'fix' the last came 4.3 minutes after it" in result["verdict"]


def test_a_quiet_night_ends_nothing_by_itself():
    result = told(evenly(0, 10, 48), 10.7)
    assert result["still_bleeding"] is None
    assert result["verdict"].startswith("Cannot tell yet: no incident in 17 hours; 480 incidents in the 10 days before that")
    assert "may be a night" in result["doubt"]


def test_one_incident_after_the_fix_is_not_called_over():
    assert told([*evenly(0, 10, 14), 15], 19, [(10, "fix")])["still_bleeding"] is True


@pytest.mark.parametrize(
    ("times", "days", "deploys", "verdict", "bleeding"),
    [
        ([], 19, [], "No incident in the 19 days that were read.", False),
        ([], 19, [(3, "x")], "No incident in the 19 days that were read.", False),
        ([], 0.2, [], "Cannot tell yet: no incident, but only 4.8 hours were read.", None),
        ([], 0, [], "Cannot tell: no incident, and no time was read", None),
        ([4], 19, [], "Cannot tell: 1 incident in 19 days, the last 15 days before the end.", None),
        ([4], 19, [(5, "x")], "Cannot tell yet: at 1.4 a week 14 quiet days are no surprise (6 in 100).", None),
        ([None, None], 19, [], "Cannot tell: no incident has a time", None),
        ([0], 0, [], "Cannot tell: all incidents stand at one moment", None),
        ("14", 19, [], "Still bleeding: 266 incidents in the last 19 days", True),
        ("quiet", 19, [], "No incident in 9 days; 140 incidents in the 10 days before that", False),
    ],
)
def test_every_situation_has_its_sentence(times, days, deploys, verdict, bleeding):
    times = {"14": evenly(0, 19, 14), "quiet": evenly(0, 10, 14)}.get(times, times) if isinstance(times, str) else times
    result = told(times, days, deploys)
    assert result["verdict"].startswith(verdict)
    assert result["still_bleeding"] is bleeding


@pytest.mark.parametrize(
    ("after", "verdict", "bleeding", "doubt"),
    [
        (evenly(10, 20, 100), "No incident in 10 days, since 'fix'", False, "Registrations went on as before."),
        (evenly(10, 20, 1), "Cannot tell yet: at 3 a day 10 quiet days are no surprise", None, "1 in 100 of before's"),
        ([], "Cannot tell: no registration was read since 'fix', so that none could fail.", None, ""),
    ],
)
def test_a_silence_in_which_nobody_registers_proves_nothing(after, verdict, bleeding, doubt):
    result = told(evenly(0, 10, 3), 20, [(10, "fix")], registrations=[*evenly(0, 10, 100), *after])
    assert result["verdict"].startswith(verdict)
    assert result["still_bleeding"] is bleeding
    assert doubt in result["doubt"]
    assert result["deploys"][0]["verdict"].startswith("stopped") is (bleeding is False)


def test_registrations_are_counted_from_access_logs_once_whichever_order_they_stand_in(tmp_path):
    lines = [f'10.0.0.1 - - [01/Jan/2026:0{hour}:00:00 +0000] "POST /register/ HTTP/1.1" 200 12' for hour in (3, 1, 2)]
    (tmp_path / "access.log").write_text("\n".join(lines) + "\n")
    registrations, reading = Registrations([].append), read([tmp_path / "access.log"])
    reading.requests = registrations.add
    list(reading)
    registrations.finish()
    hour = timedelta(hours=1)
    assert registrations.between(START, START + 3 * hour) == 2
    assert registrations.between(START + 2 * hour, START + 4 * hour) == 2
    assert registrations.between(START + 4 * hour, START + 9 * hour) == 0


@pytest.mark.parametrize(
    ("until", "verdict", "bleeding"),
    [
        (10, "Cannot tell yet: no incident in 10 days; 30 incidents in the 10 days before that", None),
        (9.8, "Cannot tell: no registration was read since the last incident, 10 days before the end.", None),
        (20, "No incident in 10 days; 30 incidents in the 10 days before that", False),
    ],
)
def test_incidents_that_end_with_the_traffic_are_not_called_over(until, verdict, bleeding):
    result = told(evenly(0, 10, 3), 20, registrations=evenly(0, until, 100))
    assert result["verdict"].startswith(verdict)
    assert result["still_bleeding"] is bleeding


def test_what_the_numbers_leave_out_is_told():
    result = told([None, 50, *evenly(0, 10, 3)], 19, now=22)
    assert "Left out of these numbers: 1 incident without a time." in result["doubt"]
    assert "Left out of these numbers: 1 incident outside of the time that was read." in result["doubt"]
    assert "What was read ends 3 days ago" in result["doubt"]


def test_deploys_outside_of_the_time_that_was_read():
    early, late = told(evenly(0, 19, 2), 19, [(30, "late"), (-2, "early")])["deploys"]
    assert (early["name"], late["name"]) == ("early", "late")
    assert early["before"]["per_day"] is late["after"]["per_day"] is None
    assert (early["ratio"], late["ratio"]) == (None, None)
    assert early["verdict"].startswith("before the time that was read: 38 incidents since")
    assert late["verdict"].startswith("after the time that was read")


def test_each_deploy_is_compared_with_its_neighbours():
    one, two = told([*evenly(0, 5, 10), *evenly(5, 10, 2)], 20, [(5, "one"), (10, "two")])["deploys"]
    assert (one["before"]["incidents"], one["after"]["incidents"]) == (50, 10)
    assert (two["before"]["incidents"], two["after"]["incidents"], two["after"]["days"]) == (10, 0, 10)
    assert one["ratio"] == pytest.approx(0.2)


def test_the_moment_of_the_deploy_is_after_it_and_the_end_counts():
    (deploy,) = told([1, 5, 10], 10, [(5, "fix")])["deploys"]
    assert (deploy["before"]["incidents"], deploy["after"]["incidents"]) == (1, 2)


def test_bursts_weigh_as_one():
    times = [each + second / 86400 for each in evenly(0, 10, 1) for second in (0, 1, 2)]
    result = told(times, 12, [(10, "fix")])
    before = result["deploys"][0]["before"]
    assert (before["incidents"], before["bursts"], before["per_day"]) == (30, 10, 3.0)
    assert before["low"] == pytest.approx(3 * 4.7954 / 10, rel=1e-4)
    # Thirty independent incidents would convince here; ten bursts do not: (10 / 12) ** 10 is 0.16.
    assert result["still_bleeding"] is None
    assert "30 incidents came in 10 bursts" in result["doubt"]


def test_a_load_test_of_a_minute_is_not_one_burst():
    times = [place / 300 / 1440 for place in range(0, 300, 3)]
    result = told(times, 2 / 1440, [(1 / 1440, "fix")])
    assert result["bursts"] == 100
    assert result["still_bleeding"] is False


@pytest.mark.parametrize(("days", "rate"), [(30, 2), (90, 0.3), (60, 20), (5, 30), (1, 300)])
def test_constant_rates_raise_few_false_alarms(days, rate):
    random = numpy.random.default_rng(7)
    alarms = 0
    for _ in range(120):
        times = sorted(day(float(each)) for each in random.uniform(0, days, random.poisson(days * rate)))
        alarms += bool(guesses(times, (START, day(days))))
    assert alarms <= 4


@pytest.mark.parametrize(("days", "rate"), [(30, 4), (60, 20), (1, 300)])
def test_a_fall_to_a_tenth_is_found_where_it_is(days, rate):
    random = numpy.random.default_rng(11)
    for _ in range(20):
        early = random.uniform(0, days / 2, random.poisson(days / 2 * rate))
        late = random.uniform(days / 2, days, random.poisson(days / 2 * rate / 10))
        found = guesses(sorted(day(float(each)) for each in (*early, *late)), (START, day(days)))
        assert min(abs((each.at - day(days / 2)).total_seconds()) for each in found) <= days * 86400 / 6
        assert len(found) <= 2


def test_day_and_night_and_weekends_are_no_change():
    random = numpy.random.default_rng(3)
    alarms = 0
    for _ in range(30):
        days = [each + hour / 24 for each in range(28) if each % 7 < 5 for hour in random.uniform(8, 18, random.poisson(6))]
        alarms += bool(guesses(sorted(map(day, days)), (START, day(28))))
    assert alarms <= 2


def test_a_change_is_said_to_be_a_guess_and_names_a_deploy_nearby():
    (change,) = told([*evenly(0, 20, 10), *evenly(20, 40, 1)], 40, [(20.2, "fix")])["changes"]
    assert change["guess"] is True
    assert change["near"] == "fix"
    assert change["at"] == day(20).isoformat()
    assert "guess" in change["says"]


@pytest.mark.parametrize(
    ("probability", "words"),
    [(0.92, "92 in 100"),
     (0.0096, "1 in 100"), (0.004, "4 in 1,000"), (1 / 34_567, "1 in 30,000"), (1e-9, "less than 1 in 10^9"),
     (0, "less than 1 in 10^50"), (1, "certain")],
)  # fmt: skip
def test_chances_in_words(probability, words):
    assert chance(probability) == words


def test_durations_and_rates_in_words():
    durations = [an_amount(timedelta(hours=hours)) for hours in (216, 24, 36, 1, 0.5)]
    assert durations == ["9 days", "1 day", "36 hours", "1 hour", "30 minutes"]
    assert (quiet(timedelta(days=9)), quiet(timedelta(hours=1))) == ("9 quiet days", "a quiet hour")
    assert [per(each) for each in (14, 0.2, 0.1, 240, 43200, 0)] == [
        "14 a day", "1.4 a week", "3 a month", "10 an hour", "30 a minute", "0 a day",
    ]  # fmt: skip
