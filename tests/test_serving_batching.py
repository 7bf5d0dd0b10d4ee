import concurrent.futures
import threading

import numpy as np
import pytest
import tensorflow as tf
from serving_samples import CLIENT, b64, export_tiny_classifier, noise, png, running, url

from tfppdnn.serving.batching import BatchQueue
from tfppdnn.serving.images import MAX_PIXELS, checked_images
from tfppdnn.serving.refusal import Refusal, invalid

SECONDS = 30
# Longer than any test: a batch runs because it is full, or it does not run.
NEVER = 1000


class Sums:
    """Answers each image with its sum, refuses black ones, and remembers its batches."""

    def __init__(self):
        self.batches = []
        self.may_run = threading.Event()
        self.may_run.set()
        self.runs = threading.Semaphore(0)

    def run(self, signature, values):
        self.runs.release()
        assert self.may_run.wait(SECONDS)
        self.batches.append(len(values))
        if signature == "serving_default" and (values.max(axis=(1, 2, 3)) == 0).any():
            raise invalid("black")
        return {"sum": np.array([np.frombuffer(value, np.uint8).sum() for value in values])}


@pytest.fixture
def model():
    return Sums()


@pytest.fixture
def queue_of():
    """Returns queues, which are emptied at the end."""
    queues = []

    def make(**settings):
        queue = BatchQueue(**{"max_batch_size": 4, "timeout": NEVER, "max_queued": 100, **settings})
        queues.append(queue)
        return queue

    yield make
    for queue in queues:
        queue.close()


def images(count=1, height=2, width=2, *, value=1):
    pixels = np.full((count, height, width, 3), value, np.uint8)
    return checked_images("serving_default", pixels, most=1000)


def files(count=1):
    values = np.empty(count, object)
    values[:] = [png(image) for image in noise(count)]
    return checked_images("encoded", values, most=1000)


def test_requests_join_until_the_batch_is_full(model, queue_of):
    queue = queue_of()
    futures = [queue.submit(model, images(n, value=n)) for n in (1, 2, 1)]
    answers = [future.result(SECONDS)["sum"].tolist() for future in futures]
    assert answers == [[12], [24, 24], [12]]
    assert model.batches == [4]


def test_a_request_runs_alone_when_its_time_is_over(model, queue_of):
    queue = queue_of(timeout=0)
    assert queue.submit(model, images()).result(SECONDS)["sum"].tolist() == [12]


def test_after_a_request_that_came_alone_nobody_is_waited_for(model, queue_of):
    queue = queue_of()
    queue.submit(model, images(4)).result(SECONDS)  # a full batch, of one request
    model.may_run.clear()
    alone = queue.submit(model, images())
    assert model.runs.acquire(timeout=SECONDS)
    assert model.runs.acquire(timeout=SECONDS)
    # What comes meanwhile shows that others do come: these two wait for the third.
    several = [queue.submit(model, images(count)) for count in (1, 1)]
    model.may_run.set()
    assert len(alone.result(SECONDS)["sum"]) == 1
    several.append(queue.submit(model, images(2)))
    concurrent.futures.wait(several, SECONDS)
    assert model.batches == [4, 1, 4]


def test_what_does_not_fit_waits_for_the_next_batch(model, queue_of):
    queue = queue_of(timeout=0)
    model.may_run.clear()
    first = queue.submit(model, images())
    assert model.runs.acquire(timeout=SECONDS)
    others = [queue.submit(model, images(n)) for n in (3, 3, 1)]
    model.may_run.set()
    concurrent.futures.wait([first, *others], SECONDS)
    assert model.batches == [1, 3, 4]


def test_only_what_is_alike_is_joined(model, queue_of):
    """Neither two sizes, nor two versions, nor pixels and files."""
    queue, other_version = queue_of(max_batch_size=2), Sums()
    submitted = [
        (model, images()),
        (model, images(height=3)),
        (other_version, images()),
        (model, files()),
    ]
    first = [queue.submit(*task) for task in submitted]
    second = [queue.submit(*task) for task in submitted]
    concurrent.futures.wait(first + second, SECONDS)
    assert model.batches == [2, 2, 2]
    assert other_version.batches == [2]


def test_files_of_different_sizes_are_joined(model, queue_of):
    queue = queue_of(max_batch_size=3)
    futures = [queue.submit(model, files(count)) for count in (1, 2)]
    concurrent.futures.wait(futures, SECONDS)
    assert model.batches == [3]


def test_a_batch_has_bounded_pixels(model, queue_of):
    queue = queue_of(max_batch_size=2, timeout=0)
    model.may_run.clear()
    waiting = [queue.submit(model, images(height=3))]
    assert model.runs.acquire(timeout=SECONDS)
    half = images(height=MAX_PIXELS // 4, width=3)
    waiting += [queue.submit(model, half) for _ in range(2)]
    model.may_run.set()
    concurrent.futures.wait(waiting, SECONDS)
    assert model.batches == [1, 1, 1]


def test_nobody_is_refused_for_anothers_image(model, queue_of):
    queue = queue_of()
    good, bad, also_good = (
        queue.submit(model, images(value=v, count=n)) for v, n in ((1, 1), (0, 2), (2, 1))
    )
    assert good.result(SECONDS)["sum"].tolist() == [12]
    assert also_good.result(SECONDS)["sum"].tolist() == [24]
    with pytest.raises(Refusal, match="black"):
        bad.result(SECONDS)


def test_a_full_queue_refuses(model, queue_of):
    queue = queue_of(timeout=0, max_queued=2)
    model.may_run.clear()
    futures = [queue.submit(model, images())]
    assert model.runs.acquire(timeout=SECONDS)
    futures += [queue.submit(model, images()) for _ in range(2)]
    assert len(queue) == 2
    with pytest.raises(Refusal) as refused:
        queue.submit(model, images())
    assert refused.value.http_status == 429
    model.may_run.set()
    assert all(future.result(SECONDS)["sum"].tolist() == [12] for future in futures)


def test_a_request_larger_than_a_batch_is_refused(model, queue_of):
    with pytest.raises(Refusal, match="Task size 5 is larger than maximum batch size 4"):
        queue_of().submit(model, images(5))


def test_who_went_away_is_not_computed_for(model, queue_of):
    queue = queue_of(max_batch_size=2)
    assert queue.submit(model, images()).cancel()
    assert queue.submit(model, images()).result(SECONDS)["sum"].tolist() == [12]
    assert model.batches == [1]


def test_who_went_away_takes_no_place_in_the_queue(model, queue_of):
    queue = queue_of(timeout=0, max_queued=2)
    model.may_run.clear()
    first = queue.submit(model, images())
    assert model.runs.acquire(timeout=SECONDS)
    for _ in range(3):
        late = [queue.submit(model, images()) for _ in range(2)]
        assert all(future.cancel() for future in late)
        assert len(queue) == 0
    others = [queue.submit(model, images(count)) for count in (1, 2)]
    with pytest.raises(Refusal, match="2 requests are waiting already"):
        queue.submit(model, images())
    model.may_run.set()
    concurrent.futures.wait([first, *others], SECONDS)
    assert [len(future.result(0)["sum"]) for future in others] == [1, 2]
    assert model.batches == [1, 3]


def test_closing_answers_all_that_waits_and_refuses_what_comes(model, queue_of):
    queue = queue_of()
    futures = [queue.submit(model, images(height=n)) for n in (1, 2, 3)]
    queue.close()
    assert [future.result(0)["sum"].tolist() for future in futures] == [[6], [12], [18]]
    with pytest.raises(Refusal) as refused:
        queue.submit(model, images())
    assert refused.value.http_status == 503


def test_clients_share_batches_and_get_their_own_answers(tmp_path):
    directory = export_tiny_classifier(tmp_path / "classifier")
    clients = 8
    with (
        running(directory, batch_timeout_ms=10_000, max_batch_size=clients) as server,
        concurrent.futures.ThreadPoolExecutor(clients) as threads,
    ):

        def ask(image):
            body = {"signature_name": "encoded", "instances": [b64(png(image))]}
            answer = CLIENT.post(url(server, ":predict"), json=body)
            return answer.json()["predictions"][0]["probabilities"]

        pictures = noise(clients)
        answers = list(threads.map(ask, pictures))
    model = tf.saved_model.load(str(directory))
    expected = model.signatures["serving_default"](image=tf.constant(pictures))["probabilities"]
    np.testing.assert_allclose(answers, expected, atol=1e-6)
    assert server.metrics.figures()["batches"] == 1


def test_a_client_is_told_to_come_again_when_the_queue_is_full(tmp_path):
    directory = export_tiny_classifier(tmp_path / "classifier")
    with (
        running(directory, batch_timeout_ms=10_000, max_batch_size=2, max_queued=1) as server,
        concurrent.futures.ThreadPoolExecutor(2) as threads,
    ):

        def ask(height):
            body = {"instances": noise(1, height).tolist()}
            return CLIENT.post(url(server, ":predict"), json=body)

        # Two sizes cannot be joined: one waits for ever, so the other one is refused.
        asked = [threads.submit(ask, height) for height in (5, 6)]
        done, (waiting,) = concurrent.futures.wait(
            asked, SECONDS, return_when=concurrent.futures.FIRST_COMPLETED
        )
        refused = done.pop().result()
        server.stop()
        assert waiting.result(SECONDS).status_code == 200
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "1"
    assert "try again later" in refused.json()["error"]
