"""Expected efficiency of distributed training with many workers: a simulation of the delays.

Nothing is trained. Each worker makes some steps, whose time varies, and then waits for the sum of
the parameters of all workers. The efficiency is the time of the steps without any delay divided by
the time that passes: with 8 workers and 0.9, 7.2 times the rows a second of one worker.

Three ways to add up, with messages of all parameters:

* star: the first worker receives all messages and sends all sums, one after the other;
* ring: pieces of the sum travel around twice, 2 (K - 1) messages of 1/K of the parameters;
* tree: a binomial tree up and down, 2 log2(K) messages.

Delays: a round varies by a log-normal factor, and sometimes a worker pauses (another process, the
garbage collector).

The defaults are those of four members on 50 columns (a fifth of them categories) with 64 rows of
each batch in one thread of a current processor, and of 10 Gbit/s Ethernet. That sums of a member
go on while the next one is trained is left out.

    python benchmarks/distributed_sim.py
"""

import argparse
from dataclasses import dataclass

import numpy as np


@dataclass
class Costs:
    """Of a round; times in seconds."""

    #: Bytes of the parameters.
    n_bytes: float
    #: Of a step, of all members, with one batch.
    step: float
    latency: float
    #: Bytes a second, of each worker in each direction.
    bandwidth: float
    #: Bytes a second of adding a message to a sum.
    adding: float
    #: Standard deviation of the logarithm of the time of a step, of a worker in a round.
    spread: float
    #: Chance that a worker pauses in a step, and for how long.
    chance: float
    pause: float

    def star(self, n_workers):
        others = n_workers - 1
        received = max(self.n_bytes / self.bandwidth, self.n_bytes / self.adding)
        return 2 * self.latency + others * (received + self.n_bytes / self.bandwidth)

    def ring(self, n_workers):
        piece = self.n_bytes / n_workers
        hop = self.latency + piece / self.bandwidth
        return 2 * (n_workers - 1) * hop + self.n_bytes / self.adding

    def tree(self, n_workers):
        levels = np.ceil(np.log2(n_workers))
        hop = self.latency + self.n_bytes / self.bandwidth
        return levels * (2 * hop + self.n_bytes / self.adding)

    def slowest(self, n_workers, n_steps, n_rounds, rng):
        """Mean time until the slowest worker has made its steps."""
        times = np.empty(n_rounds)
        for i in range(n_rounds):
            factors = np.exp(self.spread * rng.normal(size=n_workers) - self.spread**2 / 2)
            pauses = rng.binomial(n_steps, self.chance, n_workers) * self.pause
            times[i] = (n_steps * self.step * factors + pauses).max()
        return times.mean()


def efficiencies(costs, way, n_workers, every, n_rounds):
    """Efficiency for each number of steps between two averages."""
    rng, found = np.random.default_rng(0), []
    for n_steps in every:
        waited = costs.slowest(n_workers, n_steps, n_rounds, rng)
        found.append(n_steps * costs.step / (waited + getattr(costs, way)(n_workers)))
    return found


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--parameters", type=int, default=600_000, help="float32")
    parser.add_argument("--step", type=float, default=1.6, help="milliseconds")
    parser.add_argument("--latency", type=float, default=0.1, help="milliseconds")
    parser.add_argument("--gigabits", type=float, default=10.0, help="a second")
    parser.add_argument("--adding", type=float, default=2.0, help="gigabytes a second")
    parser.add_argument("--spread", type=float, default=0.05, help="of the time of a round")
    parser.add_argument("--chance", type=float, default=1e-4, help="of a pause in a step")
    parser.add_argument("--pause", type=float, default=20.0, help="milliseconds")
    parser.add_argument("--workers", type=int, nargs="+", default=[8, 64, 512])
    parser.add_argument("--every", type=int, nargs="+", default=[1, 16, 64, 256])
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--batch", type=int, default=64, help="rows of a step of a worker")
    parser.add_argument("--passes", type=int, default=6)
    parser.add_argument("--steps", type=int, default=2000, help="that a training needs")
    options = parser.parse_args(arguments)
    costs = Costs(
        4.0 * options.parameters, options.step / 1e3, options.latency / 1e3,
        options.gigabits * 1e9 / 8, options.adding * 1e9, options.spread, options.chance,
        options.pause / 1e3,
    )  # fmt: skip
    print(
        f"{options.parameters} parameters, steps of {options.step:g} ms, latency "
        f"{options.latency:g} ms, {options.gigabits:g} Gbit/s\n"
    )
    heads = ["workers", "sum", "time of a sum", *(f"every {n} steps" for n in options.every)]
    print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    for n_workers in options.workers:
        for way in ("star", "ring", "tree"):
            sum_ms = 1e3 * getattr(costs, way)(n_workers)
            found = efficiencies(costs, way, n_workers, options.every, options.rounds)
            cells = [f"{each:.2f}" for each in found]
            print(f"| {n_workers} | {way} | {sum_ms:.3g} ms | " + " | ".join(cells) + " |")
    waits = ["| workers | " + " | ".join(f"{n} steps" for n in options.every) + " |"]
    waits.append("|" + "---|" * (len(options.every) + 1))
    rng = np.random.default_rng(0)
    for n_workers in options.workers:
        slow = [costs.slowest(n_workers, n, options.rounds, rng) for n in options.every]
        cells = [
            f"{n * costs.step / each:.2f}" for n, each in zip(options.every, slow, strict=True)
        ]
        waits.append(f"| {n_workers} | " + " | ".join(cells) + " |")
    print("\nBound by the slowest worker, if sums took no time:\n\n" + "\n".join(waits))
    print(
        f"\nMessages of {costs.n_bytes / 1e6:.1f} MB.\n\n"
        f"Rows for {options.steps} steps of each worker in {options.passes} passes:\n"
    )
    for n_workers in [1, *options.workers]:
        n_rows = options.steps * options.batch * n_workers / options.passes
        print(f"* {n_workers} workers: {n_rows / 1e6:.3g} million")


if __name__ == "__main__":
    main()
