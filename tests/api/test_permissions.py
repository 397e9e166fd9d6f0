"""Who may do what: every call, every role, and a job that is one's own, foreign, or not there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from eigen.contracts.errors import EigenError, NotFoundError, PermissionDeniedError, UnauthenticatedError
from eigen.contracts.jobs import JobFilter, JobState
from eigen.contracts.requests import Credentials, RequestContext
from eigen.ports.system_api import SystemApi
from eigen.system.composition import open_system
from eigen.system.local_user import LocalUserAuthenticator
from eigen.testing.identity import KnownCallers
from tests.api.calls import JOB_CALLS, OTHER_CALLS, outcome, request

READING = {
    "get_job_status",
    "list_jobs",
    "stream_job_updates",
    "list_job_events",
    "get_job_results",
    "list_artifacts",
    "get_artifact",
    "verify_artifacts",
    "list_devices",
    "get_device_details",
}
MISSING = "job_" + "0" * 26
CALLS = {**JOB_CALLS, **OTHER_CALLS}
ROLES = ["admin", "user", "readonly", "unheard-of"]


def may(role: str, call: str) -> bool:
    """The contract's table, said once more in other words."""
    return role in {"admin", "user"} or (role == "readonly" and call in READING)


def test_every_call_of_the_port_is_tried_here():
    assert SystemApi.__abstractmethods__ == CALLS.keys()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("call", CALLS)
async def test_a_role_may_make_the_calls_of_its_row_and_no_other(root, call, role):
    caller = RequestContext(subject="ada", roles=frozenset({role}))
    expected = "" if may(role, call) else "PERMISSION_DENIED"
    assert await outcome(CALLS[call], root.api, root.job.job_id, caller) == expected
    line = root.audit()[-1]
    assert (line["call"], line["subject"], line["tenant"]) == (call, "ada", "default")
    assert (line["decision"], line["reason"]) == (("denied", expected) if expected else ("allowed", "ALLOWED"))
    if call in JOB_CALLS and not expected:
        assert (line["job_id"], line["trace_id"]) == (root.job.job_id, root.job.trace_id)


FOREIGNERS = {
    # who: what the audit log says of the refusal
    RequestContext(subject="eve"): "NOT_OWNER",
    RequestContext(subject="eve", roles=frozenset({"readonly"})): "NOT_OWNER",
    RequestContext(subject="ada", tenant="acme"): "OTHER_TENANT",
    RequestContext(subject="ada", tenant="acme", roles=frozenset({"admin"})): "OTHER_TENANT",
}


@pytest.mark.parametrize("caller", FOREIGNERS, ids=lambda one: f"{one.subject}-{one.tenant}-{min(one.roles)}")
@pytest.mark.parametrize("call", JOB_CALLS)
async def test_a_foreign_job_is_answered_exactly_as_a_missing_one_and_only_the_audit_tells(root, call, caller):
    if not may(min(caller.roles), call):
        pytest.skip("the role may not make the call for any job")
    answers = []
    for job_id in (root.job.job_id, MISSING):
        with pytest.raises(EigenError) as refused:
            await JOB_CALLS[call](root.api, job_id, caller)
        assert refused.value.__cause__ is None
        answers.append(str(refused.value.to_json()).replace(job_id, "JOB"))
    assert answers[0] == answers[1]
    foreign, missing = root.audit()[-2:]
    assert (foreign["decision"], foreign["reason"]) == ("denied", FOREIGNERS[caller])
    assert (missing["decision"], missing["reason"]) == ("allowed", "JOB_NOT_FOUND")


@pytest.mark.parametrize("call", JOB_CALLS)
async def test_an_administrator_reaches_every_job_of_its_tenant(root, call):
    admin = RequestContext(subject="root", roles=frozenset({"admin"}))
    assert await outcome(JOB_CALLS[call], root.api, root.job.job_id, admin) == ""


@pytest.mark.parametrize("name", ["", "\udcff"])
@pytest.mark.parametrize("call", CALLS)
async def test_a_caller_without_a_name_is_refused(root, call, name):
    with pytest.raises(UnauthenticatedError):
        await CALLS[call](root.api, root.job.job_id, RequestContext(subject=name, roles=frozenset({"admin"})))
    assert (root.audit()[-1]["decision"], root.audit()[-1]["reason"]) == ("denied", "NO_SUBJECT")


@pytest.mark.parametrize("job_id", ["", "job_1", "../etc/passwd", MISSING.upper(), MISSING + "0", MISSING + "\n", 5])
async def test_what_is_no_job_id_is_a_job_that_is_not_there(root, job_id):
    for name, call in JOB_CALLS.items():
        assert await outcome(call, root.api, job_id, RequestContext(subject="ada")) == "JOB_NOT_FOUND", name


async def test_a_list_is_the_callers_own_jobs_and_an_administrators_all_of_its_tenant_on_request(root):
    eve, admin = RequestContext(subject="eve"), RequestContext(subject="root", roles=frozenset({"admin"}))
    acme = RequestContext(subject="ada", tenant="acme", roles=frozenset({"admin"}))
    for context in (eve, acme):
        await root.api.submit_job(request(), context=context)

    async def subjects(context, job_filter=None, **options):
        page = await root.api.list_jobs(job_filter, context=context, **options)
        return sorted(job.subject for job in page.jobs)

    assert await subjects(eve) == ["eve"]
    assert await subjects(admin) == []
    assert await subjects(admin, all_subjects=True) == ["ada", "eve"]
    assert await subjects(admin, JobFilter(subject="eve")) == ["eve"]
    assert await subjects(acme, all_subjects=True) == ["ada"]
    for asked in (
        {"all_subjects": True},
        {"job_filter": JobFilter(subject="ada")},
        {"job_filter": JobFilter(tenant="a")},
    ):
        with pytest.raises(PermissionDeniedError):
            await subjects(eve, **asked)
        assert root.audit()[-1]["decision"] == "denied"


async def test_a_refused_caller_changes_nothing(root):
    for caller in (RequestContext(subject="ada", roles=frozenset({"readonly"})), RequestContext(subject="eve")):
        assert await outcome(JOB_CALLS["cancel_job"], root.api, root.job.job_id, caller) != ""
    with pytest.raises(PermissionDeniedError):
        await root.api.submit_job(request(), context=RequestContext(subject="ada", roles=frozenset({"readonly"})))
    assert len((await root.api.list_jobs(context=RequestContext(subject="ada"))).jobs) == 1


async def test_hostile_names_stand_in_the_log_with_visible_escapes_on_one_line(root):
    hostile = 'ada\n{"event":"audit","decision":"allowed"}\x1b[2K\u202e'
    before = len(root.audit())
    await root.api.list_jobs(context=RequestContext(subject=hostile, tenant="t\x00"))
    (line,) = root.audit()[before:]
    assert line["subject"].startswith("ada\\x0a{") and line["subject"].endswith("\\x1b[2K\\u202e")
    assert line["tenant"] == "t\\x00"


async def test_a_submission_is_audited_with_its_job_and_trace_and_a_refused_one_with_its_reason(root):
    trace_id = "ab" * 16
    context = RequestContext(subject="ada", traceparent=f"00-{trace_id}-{'cd' * 8}-01")
    job = await root.api.submit_job(request(), context=context)
    line = root.audit()[-1]
    assert (line["job_id"], line["trace_id"], line["reason"]) == (job.job_id, trace_id, "ALLOWED")
    with pytest.raises(EigenError):
        await root.api.submit_job(request(target="sim:nowhere"), context=context)
    line = root.audit()[-1]
    assert (line["decision"], line["reason"], line["job_id"]) == ("allowed", "JOBSPEC_UNKNOWN_TARGET", "")


async def test_what_fails_before_it_is_told_whose_it_is_is_audited_too(root):
    ada = RequestContext(subject="ada")
    with closing(sqlite3.connect(root.system.root / "jobs.sqlite3")) as connection, connection:
        connection.execute("UPDATE jobs SET job_id = ?", (MISSING,))  # its record is another job's
    assert await outcome(JOB_CALLS["get_job_status"], root.api, MISSING, ada) == "RECORD_DAMAGED"
    line = root.audit()[-1]
    assert (line["decision"], line["reason"], line["job_id"]) == ("allowed", "RECORD_DAMAGED", MISSING)
    with pytest.raises(EigenError):
        await root.api.list_jobs(page_size=0, context=ada)
    line = root.audit()[-1]
    assert (line["call"], line["decision"], line["reason"]) == ("list_jobs", "allowed", "PAGE_SIZE")


async def test_whoever_owns_the_root_is_its_administrator(tmp_path):
    caller = await LocalUserAuthenticator(tmp_path).authenticate(Credentials())
    assert (caller.roles, caller.tenant) == (frozenset({"admin"}), "default")
    assert caller.subject


async def test_a_token_means_nothing_to_a_local_system_and_is_never_shown(tmp_path):
    credentials = Credentials(token="s3cret")
    with pytest.raises(UnauthenticatedError) as refused:
        await LocalUserAuthenticator(tmp_path).authenticate(credentials)
    assert "s3cret" not in str(refused.value.to_json()) + repr(credentials)


async def test_a_call_that_names_nobody_is_made_by_whom_the_authenticator_knows(tmp_path):
    async with open_system(tmp_path, authenticator=KnownCallers({"": RequestContext(subject="grace")})) as system:
        await system.api.list_jobs()
    async with open_system(tmp_path, authenticator=KnownCallers({})) as system:
        with pytest.raises(UnauthenticatedError):
            await system.api.list_jobs()
    lines = (tmp_path / "logs" / "eigen.jsonl").read_text()
    assert '"subject":"grace"' in lines and '"reason":"UNKNOWN_TOKEN"' in lines


async def test_a_look_up_leaves_its_line_without_other_telemetry(tmp_path):
    async with open_system(tmp_path, observed=False) as system:
        await system.api.list_jobs()
    assert '"call":"list_jobs"' in (tmp_path / "logs" / "eigen.jsonl").read_text()


@pytest.mark.parametrize("caller", FOREIGNERS, ids=lambda one: f"{one.subject}-{one.tenant}-{min(one.roles)}")
async def test_a_foreign_job_cannot_be_waited_for(root, caller):
    if not may(min(caller.roles), "submit_job"):
        pytest.skip("the role may not submit")
    answers = []
    for dependency in (root.job.job_id, MISSING):
        asked = request()
        body = asked.spec.spec.model_copy(update={"dependencies": (dependency,)})
        waiting = replace(asked, spec=asked.spec.model_copy(update={"spec": body}))
        with pytest.raises(EigenError) as refused:
            await root.api.submit_job(waiting, context=caller)
        answers.append(str(refused.value.to_json()).replace(dependency, "JOB"))
    assert answers[0] == answers[1]
    assert (await root.api.list_jobs(context=caller)).jobs == ()


async def test_a_reservation_is_released_by_its_owner_or_administrator_and_is_not_there_for_others(root):
    ada, admin = RequestContext(subject="ada"), RequestContext(subject="root", roles=frozenset({"admin"}))
    eve, acme = RequestContext(subject="eve"), RequestContext(subject="ada", tenant="acme", roles=frozenset({"admin"}))
    for owner in (ada, admin):
        held = await root.api.reserve_device("scripted:device", ttl_sec=60, purpose="calibration", context=ada)
        answers = []
        for caller in (eve, acme):
            for reservation_id in (held.reservation_id, "res_none"):
                with pytest.raises(NotFoundError) as refused:
                    await root.api.release_reservation(reservation_id, context=caller)
                answers.append(str(refused.value.to_json()).replace(reservation_id, "ID"))
        assert len(set(answers)) == 1
        assert [line["decision"] for line in root.audit()[-4:]] == ["denied", "allowed"] * 2
        assert await root.api.list_reservations(context=eve) == (held,)
        assert await root.api.list_reservations(context=acme) == ()
        await root.api.release_reservation(held.reservation_id, context=owner)
        assert await root.api.list_reservations(context=ada) == ()


async def test_another_tenants_reservation_is_shown_without_a_name(root):
    ada, acme = RequestContext(subject="ada"), RequestContext(subject="ada", tenant="acme")
    slots = (await root.api.get_device_details("scripted:device", context=ada)).slots
    for _ in range(slots):
        await root.api.reserve_device("scripted:device", ttl_sec=60, context=ada)
    job = await root.api.submit_job(request(), context=acme)
    async for update in root.api.stream_job_updates(job.job_id, context=acme):
        if update.stage == "queued":
            break
    waiting = await root.api.get_job_status(job.job_id, context=acme)
    assert waiting.waiting_for["cause"] == "reservation"
    assert waiting.waiting_for["reserved_by"] == ["another tenant"]
    own = await root.api.submit_job(request(), context=ada)
    assert [one async for one in root.api.stream_job_updates(own.job_id, context=ada)][-1].state is JobState.DONE
