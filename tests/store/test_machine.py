"""Any sequence of verbs, by any workers, against a model of what must be true: the same on both dialects."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from tintype.core import CancelOutcome, Failure, Job, LogLine, State
from tintype.store import Bus, Store

from .jobs import RESULT, new_job

MAX_ATTEMPTS = 3
WORKERS = ("one", "two")
FAILURE = Failure(500, "The engine failed", "internal_error")


@dataclass
class Expected:
    """What the model knows of a job."""

    number: int
    priority: int
    state: State = State.QUEUED
    attempt: int = 0
    worker: str | None = None
    unwanted: bool = False
    lines: int = 0
    seed: int | None = None
    ahead: int | None = None
    """Its position when last looked, while it waits."""

    @property
    def place(self) -> tuple[int, int]:
        return self.priority, self.number


class Machine(RuleBasedStateMachine):
    """Submitters, workers that die or come too late, and a reaper."""

    new_database: Callable[[], str]
    ids = Bundle("ids")
    runs = Bundle("runs")
    """Jobs as some worker was given them, also long ago."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.store = self.runner.run(Store.open(self.new_database(), Bus()))
        self.jobs: dict[str, Expected] = {}
        for worker in WORKERS:
            self.runner.run(self.store.register(worker, "host", "cuda"))

    def teardown(self) -> None:
        self.runner.run(self.store.close())
        self.runner.close()

    @property
    def waiting(self) -> list[Expected]:
        return sorted((job for job in self.jobs.values() if job.state is State.QUEUED), key=lambda job: job.place)

    def enter_queue(self, added: Expected) -> None:
        """Those behind it fall back, and may."""
        for other in self.waiting:
            if added.place < other.place:
                other.ahead = None

    def give_back(self, job: Expected) -> None:
        spent = job.attempt >= MAX_ATTEMPTS
        job.state = State.CANCELLED if job.unwanted else State.FAILED if spent else State.QUEUED
        job.worker = None
        self.enter_queue(job)

    def is_held(self, run: Job) -> bool:
        job = self.jobs[run.id]
        return job.state is State.RUNNING and (job.worker, job.attempt) == (run.worker, run.attempt)

    @rule(target=ids, priority=st.sampled_from([0, 0, 0, 1]))
    def submit(self, priority: int) -> str:
        job = self.runner.run(self.store.submit(new_job(priority=priority)))
        self.jobs[job.id] = Expected(len(self.jobs), priority)
        self.enter_queue(self.jobs[job.id])
        return job.id

    @rule(id=ids)
    def submit_again(self, id: str) -> None:
        self.runner.run(self.store.submit(new_job(id=id)))

    @rule(target=runs, worker=st.sampled_from(WORKERS), limit=st.integers(1, 3))
    def claim(self, worker: str, limit: int):
        claimed = self.runner.run(self.store.claim(worker, limit))
        assert [self.jobs[job.id] for job in claimed] == self.waiting[:limit]
        for job in claimed:
            expected = self.jobs[job.id]
            expected.state, expected.worker, expected.attempt = State.RUNNING, worker, expected.attempt + 1
            expected.ahead = None
            assert (job.worker, job.attempt) == (worker, expected.attempt)
        return multiple(*claimed)

    @rule(run=runs, seed=st.integers())
    def finish(self, run: Job, seed: int) -> None:
        held = self.is_held(run)
        # A seed of its own: the same result again counts as the same answer again.
        result = replace(RESULT, seed=2 * seed if held else 2 * seed + 1)
        assert self.runner.run(self.store.finish(run, result)) is held
        if held:
            self.jobs[run.id].state = State.DONE
            self.jobs[run.id].seed = result.seed

    @rule(run=runs)
    def fail(self, run: Job) -> None:
        held = self.is_held(run)
        won = self.runner.run(self.store.fail(run, FAILURE))
        job = self.jobs[run.id]
        again = job.state is State.FAILED and (job.worker, job.attempt) == (run.worker, run.attempt)
        assert won is (held or again)
        if held:
            job.state = State.FAILED

    @rule(run=consumes(runs))
    def cancelled(self, run: Job) -> None:
        held = self.is_held(run)
        assert self.runner.run(self.store.cancelled(run)) is held
        if held:
            self.jobs[run.id].state = State.CANCELLED

    @rule(run=runs, count=st.integers(1, 2))
    def log(self, run: Job, count: int) -> None:
        held = self.is_held(run)
        lines = [LogLine(str(self.jobs[run.id].lines + i)) for i in range(count)]
        assert self.runner.run(self.store.log(run, lines)) is held
        self.jobs[run.id].lines += count * held

    @rule(run=runs)
    def requeue(self, run: Job) -> None:
        if self.is_held(run):
            self.give_back(self.jobs[run.id])
        state = self.runner.run(self.store.requeue(run, MAX_ATTEMPTS, "engine died"))
        assert state is self.jobs[run.id].state

    @rule(target=runs, run=runs)
    def lose_and_claim(self, run: Job):
        """What makes a stale attempt of the very worker that has the job again."""
        self.requeue(run)
        assert run.worker is not None
        return self.claim(run.worker, 1)

    @rule(id=ids)
    def cancel(self, id: str) -> None:
        outcome = self.runner.run(self.store.cancel(id))
        job = self.jobs[id]
        if job.state.is_final:
            assert outcome is CancelOutcome.ALREADY_COMPLETED
            return
        assert outcome is CancelOutcome.REQUESTED
        job.unwanted = True
        if job.state is State.QUEUED:
            job.state = State.CANCELLED

    @rule(worker=st.sampled_from(WORKERS))
    def die(self, worker: str) -> None:
        mine = {id for id, job in self.jobs.items() if job.state is State.RUNNING and job.worker == worker}
        unwanted = self.runner.run(self.store.renew(worker, 0))
        assert unwanted == {id for id in mine if self.jobs[id].unwanted}
        assert self.runner.run(self.store.reap(MAX_ATTEMPTS)) == len(mine)
        for id in mine:
            self.give_back(self.jobs[id])
        self.runner.run(self.store.renew(worker, 1000))

    @rule()
    def restart(self) -> None:
        self.runner.run(self.store.recover(MAX_ATTEMPTS))
        for job in self.jobs.values():
            if job.state is State.RUNNING:
                self.give_back(job)
        for worker in WORKERS:
            self.runner.run(self.store.register(worker, "host", "cuda"))

    @invariant()
    def every_acknowledged_job_is_as_the_verbs_left_it(self) -> None:
        for id, expected in self.jobs.items():
            job = self.runner.run(self.store.get(id))
            assert job is not None
            assert (job.state, job.attempt) == (expected.state, expected.attempt)
            assert job.cancel_requested is expected.unwanted
            assert (job.result.seed if job.result else None) == expected.seed
            assert job.state.is_final == (job.finished_at is not None)

    @invariant()
    def a_waiting_job_never_falls_back(self) -> None:
        for id, expected in self.jobs.items():
            if expected.state is not State.QUEUED:
                continue
            position = self.runner.run(self.store.position(new_job(id=id, priority=expected.priority)))
            assert position == self.waiting.index(expected)
            assert expected.ahead is None or position <= expected.ahead
            expected.ahead = position

    @invariant()
    def every_line_of_a_log_is_there_once(self) -> None:
        for id, expected in self.jobs.items():
            if expected.lines:
                lines = self.runner.run(self.store.logs(id))
                assert [line.message for line in lines] == [str(i) for i in range(expected.lines)]


def test_any_sequence_of_verbs_keeps_its_promises(new_database: Callable[[], str]):
    class OnThisDialect(Machine):
        pass

    OnThisDialect.new_database = staticmethod(new_database)
    run_machine(
        OnThisDialect,
        settings=settings(
            max_examples=10,
            stateful_step_count=20,
            database=None,
            phases=[Phase.generate],
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
