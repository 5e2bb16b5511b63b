"""The local stack: everything in `template.yaml`, on this machine, with the real handlers.

`python -m local` (behind `make start`) runs it in the foreground; `python -m local --help` lists
the hands on a running one. Its temporary files are in one folder (`coffer-local-…` in the system's
folder for them), which goes when it ends.

In tests the stack is an object, `local.stack.LocalStack`, that runs handlers in the test's own
process and delivers nothing until it is told to, so that a test decides what happened when:

    @pytest.fixture(scope="session")
    def running_stack() -> Iterator[LocalStack]:
        with LocalStack() as stack:          # free ports, the environment set for the handlers
            yield stack

    @pytest.fixture
    def stack(running_stack: LocalStack) -> LocalStack:
        running_stack.reset()                # under a millisecond
        return running_stack

    def test_an_upload_becomes_available(stack: LocalStack) -> None:
        offer = stack.request("POST", "/api/v1/upload/aafc", json_body={...})
        assert offer.status == 200           # .status .header(name) .headers .body .text .json()
        ...                                  # post the form to the S3 gate, by any client
        stack.settle()                       # S3 events, queues, streams, bus: until quiet
        assert stack.bus_events[-1]["detail-type"] == "ObjectUploadNotification"
        assert stack.failures == []          # (function, Outcome) of every failed invocation

`coffer.settings` reads the environment once in a process. So the stack has to be started before
anything imports it: where a test module does that while it is collected, start the stack in
`pytest_configure` of the top conftest instead of in a fixture. Otherwise it says what is wrong.

* `stack.request(method, target, headers=…, body=…, json_body=…)`: through the template's routes.
* `stack.settle()`: delivers what is due now. What failed waits for its visibility timeout or its
  pause; `stack.settle(retries=True)` moves the clock on until all is done, dead or given up.
* `stack.run_schedule("KeepHouseFunction")`, `stack.invoke("ProcessUploadFunction", event)`: an
  `Outcome` with `payload`, or `error_type`, `error_message` and `stack_trace`.
* `stack.clock.advance(timedelta(days=91))`: handlers, queues, S3 and schedules follow.
  `stack.sweep_expired()` then deletes what TTL and lifecycle rules would have deleted by then.
* `stack.faults.copies = 2` and `.newest_first = True`: every delivery twice, queues in
  reverse. `local.functions.in_process.KilledError`, raised within a handler's AWS call, ends the
  invocation as a kill would.
* `LocalStack(chaos=Chaos.parse("duplicate,reorder,delay,throttle,crash", seed=7))`: faults by a
  seed, as with `CHAOS=… CHAOS_SEED=7 make start`. In process the clock stands still but for
  `advance`, so that the same test meets the same faults (`stack.faults.injected`) each time;
  what is late needs `stack.settle(retries=True)`.
* `LocalStack(tokens_required=True)`: nobody is the developer; `stack.issuer.token("alice",
  ["aafc/user"])` signs bearer tokens. Settings are read once a process, so beside another stack
  it needs `in_process=False`.
* `stack.bus_events`, `stack.items("UploadsTable")`, `stack.messages("ProcessUploadQueue")`,
  `stack.keys("ObjectBucket", "objects/")`, `stack.name("ObjectBucket")`,
  `stack.client("s3")`: what is there, and boto3 clients for everything else.
* `stack.endpoints()`: the environment with which any AWS client finds it.
* `LocalStack(other_storage=OtherStorage(url, keys))`: on another S3; `settle` lists it for events.
* `LocalStack(template=…, parameters={…}, environment={…})`: another template, other parameters,
  other variables than `DEVELOPMENT_IDENTITY=dev`.
"""
