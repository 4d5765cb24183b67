"""docs/signoff.md: what it has people type by hand, without mendbook, does what it says."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from mendbook.plans.files import PlanFile
from mendbook.reviews import review
from mendbook.reviews.decisions import Choice, Details
from support.plans import AUTHOR, MADE, NOW, REVIEWER, House
from support.plans import house as make_house

PAGE = (Path(__file__).parent.parent / "docs" / "signoff.md").read_text()
CHECK, READ = (block.partition("```")[0] for block in PAGE.partition("## Check it by hand")[2].split("```sh\n")[1:3])
pytestmark = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs ssh-keygen")


@pytest.fixture
def plan(tmp_path: Path) -> PlanFile:
    house: House = make_house(tmp_path)
    made = house.plan()
    review.sign_as_author(made, AUTHOR, house.key(AUTHOR), house.settings, MADE)
    waived = ["4=privileged", "5=a/b=both_used", "5=a/b=trigger"]
    review.decide(made, REVIEWER, [Choice("approve", "all")], NOW, Details(waive=waived))
    review.sign(made, REVIEWER, house.key(REVIEWER), house.settings, NOW)
    return made


def run(plan: PlanFile, script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-e", "-c", script], cwd=plan.folder, capture_output=True, text=True)


def test_a_review_checked_by_hand(plan: PlanFile) -> None:
    done = run(plan, CHECK)
    assert done.returncode == 0, done.stderr
    name, author, reviewer, decisions, shown, one, other, first, second = done.stdout.splitlines()
    assert name == "the plan is the one its folder is named for"
    assert author == "author.json:1"
    assert reviewer.endswith(".json:1")
    assert (decisions, shown, one, other) == ("1", "1", AUTHOR, REVIEWER)
    assert first.startswith(f'Good "mendbook-plan@v1" signature for {AUTHOR} with ED25519 key SHA256:')
    assert second.startswith(f'Good "mendbook-review@v1" signature for {REVIEWER} with ED25519 key SHA256:')
    assert len(run(plan, READ).stdout.splitlines()) == 7


@pytest.mark.parametrize(
    "pattern", ["plan.jsonl", "review-*.jsonl", "review-*.json", "review-*.sig", "author.json", "author*.sig"]
)
def test_what_was_changed_shows_by_hand(plan: PlanFile, pattern: str) -> None:
    (path,) = plan.folder.glob(pattern)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert run(plan, CHECK).returncode != 0
