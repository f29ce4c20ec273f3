"""`loyalty worker`: the members agent on a Kafka cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from loyalty_streams.cli.common import USAGE, Failure, folder, guarded, note, settings
from loyalty_streams.cli.topics import Kafka, connection

Prefix = Annotated[str, typer.Option("--prefix", metavar="NAME", help="What the names of topics begin with.")]


@guarded
def worker(
    kafka: Kafka = None,
    data: Annotated[Path | None, typer.Option(metavar="DIR", help="Where this worker keeps its stores [default: ./loyalty-data].")] = None,
    programme: Annotated[Path | None, typer.Option(metavar="FILE", help="The programme, or a folder of versions.")] = None,
    prefix: Prefix = "loyalty",
    batch: Annotated[int, typer.Option("--batch", metavar="N", min=1, max=20_000, help="Facts of a transaction at most.")] = 1_000,
) -> None:
    """Serves the topic of facts: what it decides goes into the ledger exactly once, whatever is killed.

    Two or more workers of one cluster share the partitions, each with a folder of its own. A store that is lost or old
    is made again from the log. SIGTERM and Ctrl-C let go of the partitions when what is under way is done.

    \b
    Examples:
      loyalty worker --kafka localhost:9092 --data worker-1 --programme programmes/corner-shop
    """
    import asyncio
    import signal

    from loyalty_streams.hosts.kafka.topology import Topology
    from loyalty_streams.hosts.kafka.worker import Serving, Worker
    from loyalty_streams.programme import load_versions

    rules = programme or settings().programme
    if rules is None:
        raise Failure("NO_PROGRAMME", "a worker needs the programme: --programme FILE", exit_code=USAGE)
    if not rules.exists():
        raise Failure("NO_PROGRAMME", "there is no such file or folder", str(rules), USAGE)
    load_versions(rules)
    serving = Serving(connection(kafka), Topology(prefix), folder(data), rules, batch)

    async def serve() -> None:
        one = Worker(serving)
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, one.stop)
        note(f"serving {serving.topology['facts'].name} at {serving.connection.servers}, stores in {serving.data}")
        await one.run()

    asyncio.run(serve())
