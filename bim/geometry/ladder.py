"""Meshes of an IFC file's products, whatever the file does to the engines that draw them.

Drawing happens in a worker process. For each product the engines of a *ladder* are tried in turn; a crash, a timeout or
an empty answer is recorded and costs only the products it concerns. The last rung is a fallback box.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bim.geometry.cache import cache_key, find_cached, write_cached
from bim.geometry.child import Crash, Timeout, WorkerPool
from bim.geometry.colour import default_colour
from bim.geometry.engine import NO_SURFACE
from bim.geometry.worker import Drawing, Refusal, Request
from spatial.issue import Issue, Severity
from spatial.mesh import Mesh, MeshBuilder, MeshSet

__all__ = ["ELEMENT_BUDGET_S", "LADDERS", "GeometryResult", "Outcome", "Product", "ProductResult", "Rung", "mesh_products"]

CRASHED = "GEOMETRY_CRASHED"
ELEMENT_BUDGET_S = 10.0
EMPTY = "GEOMETRY_EMPTY"
TIMEOUT = "GEOMETRY_TIMEOUT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One engine of a ladder: its name in results, where it lives (`module:Class`), how many products share one request."""

    name: str
    engine: str
    batch: int


_FAST = Rung(name="ifclite", engine="bim.geometry.fast:FastEngine", batch=2000)
_REFERENCE = Rung(name="opencascade", engine="bim.geometry.reference:ReferenceEngine", batch=1)
_BOX = Rung(name="box", engine="bim.geometry.box:BoxEngine", batch=500)

LADDERS: dict[str, tuple[Rung, ...]] = {"fast": (_FAST, _REFERENCE, _BOX), "reference": (_REFERENCE, _BOX)}


class Outcome(StrEnum):
    """What became of a product; `read = placed + boxed + without geometry + failed`."""

    PLACED = "placed"
    BOXED = "boxed"
    WITHOUT_GEOMETRY = "without_geometry"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product to mesh: its STEP id, its id in the result (the GlobalId; `~2` on duplicates), its IFC class.

    `wants_mesh` is False where the file gives it no representation.
    """

    step_id: int
    local_id: str
    class_name: str
    wants_mesh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductResult:
    """The ledger's line of one product: outcome, the reason where it is not simply placed, the engine that drew it."""

    local_id: str
    outcome: Outcome
    reason: str | None
    engine: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GeometryResult:
    """Meshes in the model frame (metres), one line a product in the order asked, findings, and workers started (0: cached)."""

    meshes: MeshSet
    results: Mapping[str, ProductResult]
    issues: tuple[Issue, ...]
    worker_starts: int


def mesh_products(
    path: Path,
    products: Sequence[Product],
    *,
    cache_dir: Path | None,
    budget_s: float = ELEMENT_BUDGET_S,
    engine: str = "fast",
    progress: Callable[[int, int], None] | None = None,
) -> GeometryResult:
    """Mesh the products of one IFC file (`.ifc` or `.ifczip`); the model frame is the file's world in metres, placements applied.

    `budget_s` bounds one product in one engine (a shared request gets a bit more for each product in it); `engine` names a
    ladder (`fast`, `reference`); `progress(done, total)` is called as products are settled. The same bytes, products and
    code read from `cache_dir` what an earlier run wrote there. Raises ValueError for an unknown ladder or a repeated id.
    """
    if engine not in LADDERS:
        raise ValueError(f"engine {engine!r}: one of {', '.join(LADDERS)}")
    if len({product.local_id for product in products}) != len(products):
        raise ValueError("local ids of products must differ")
    ladder = LADDERS[engine]
    key = None
    if cache_dir is not None:
        key = cache_key(path, ladder, budget_s, products)
        cached = find_cached(cache_dir, key)
        if cached is not None:
            if progress is not None:
                progress(len(products), len(products))
            return _from_cache(*cached)
    run = _Run(products, ladder, budget_s, progress)
    with WorkerPool(path) as pool:
        run.work(pool)
        result = run.result(pool.starts)
    if cache_dir is not None and key is not None:
        write_cached(cache_dir, key, result.meshes, _to_json(result))
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    rung: int
    step_ids: tuple[int, ...]


class _Run:
    """One pass over the products: what is still to be asked, what came back, what failed so far."""

    def __init__(
        self, products: Sequence[Product], ladder: tuple[Rung, ...], budget_s: float, progress: Callable[[int, int], None] | None
    ) -> None:
        self._products = products
        self._by_step = {product.step_id: product for product in products}
        self._ladder = ladder
        self._budget_s = budget_s
        self._progress = progress
        self._tasks: deque[_Task] = deque()
        self._meshes: dict[str, Mesh] = {}
        self._drawings: dict[int, tuple[Rung, Drawing]] = {}
        self._failures: dict[int, list[tuple[Rung, str, str]]] = {}
        self._settled = 0

    def work(self, pool: WorkerPool) -> None:
        """Ask until every product is drawn or out of rungs."""
        wanted = [product.step_id for product in self._products if product.wants_mesh]
        self._settle(len(self._products) - len(wanted))
        self._push(0, wanted)
        while self._tasks:
            task = self._tasks.popleft()
            rung = self._ladder[task.rung]
            limit_s = self._budget_s * (1 + (len(task.step_ids) - 1) / 50)
            answer = pool.ask(Request(engine=rung.engine, step_ids=task.step_ids, limit_s=limit_s))
            if isinstance(answer, Drawing):
                self._take(task, answer)
            elif len(task.step_ids) > 1:
                self._split(task)
            else:
                self._fail(task, *_describe(answer))

    def result(self, worker_starts: int) -> GeometryResult:
        """Everything known, in the order the products were given."""
        builder = MeshBuilder()
        results: dict[str, ProductResult] = {}
        issues: list[Issue] = []
        for product in self._products:
            line = self._line(product)
            results[product.local_id] = line
            issues.extend(self._findings(product, line))
            if product.step_id in self._drawings:
                for part in self._drawings[product.step_id][1].parts[product.step_id]:
                    rgba = part.rgba if part.rgba is not None else default_colour(product.class_name)
                    builder.add_mesh(product.local_id, self._meshes[part.digest], rgba, part.matrix)
        return GeometryResult(meshes=builder.build(), results=results, issues=tuple(issues), worker_starts=worker_starts)

    def _push(self, rung: int, step_ids: Sequence[int]) -> None:
        size = self._ladder[rung].batch
        self._tasks.extend(_Task(rung=rung, step_ids=tuple(step_ids[i : i + size])) for i in range(0, len(step_ids), size))

    def _split(self, task: _Task) -> None:
        size = -(-len(task.step_ids) // 8)
        pieces = [task.step_ids[i : i + size] for i in range(0, len(task.step_ids), size)]
        self._tasks.extendleft(_Task(rung=task.rung, step_ids=piece) for piece in reversed(pieces))

    def _take(self, task: _Task, drawing: Drawing) -> None:
        self._meshes.update((mesh.digest, mesh) for mesh in drawing.meshes)
        rung = self._ladder[task.rung]
        lost: list[int] = []
        for step_id in task.step_ids:
            if step_id in drawing.parts:
                self._drawings[step_id] = rung, drawing
            elif drawing.reasons.get(step_id) == NO_SURFACE:
                self._failures[step_id] = [(rung, NO_SURFACE, NO_SURFACE)]
            else:
                lost.append(step_id)
                self._note(step_id, rung, EMPTY, drawing.reasons.get(step_id, "no answer"))
        self._settle(len(task.step_ids) - len(lost))
        self._next_rung(task.rung, lost)

    def _fail(self, task: _Task, code: str, reason: str) -> None:
        for step_id in task.step_ids:
            self._note(step_id, self._ladder[task.rung], code, reason)
        self._next_rung(task.rung, task.step_ids)

    def _next_rung(self, rung: int, step_ids: Sequence[int]) -> None:
        if rung + 1 < len(self._ladder):
            self._push(rung + 1, step_ids)
        else:
            self._settle(len(step_ids))

    def _note(self, step_id: int, rung: Rung, code: str, reason: str) -> None:
        self._failures.setdefault(step_id, []).append((rung, code, reason))

    def _settle(self, count: int) -> None:
        self._settled += count
        if self._progress is not None and count:
            self._progress(self._settled, len(self._products))

    def _line(self, product: Product) -> ProductResult:
        failures = self._failures.get(product.step_id, [])
        rungs: dict[str, list[str]] = {}
        for rung, _, text in failures:
            rungs.setdefault(text, []).append(rung.name)
        reason = "; ".join(f"{', '.join(names)}: {text}" for text, names in rungs.items()) or None
        if not product.wants_mesh:
            return ProductResult(local_id=product.local_id, outcome=Outcome.WITHOUT_GEOMETRY, reason=None, engine="")
        if product.step_id in self._drawings:
            rung = self._drawings[product.step_id][0]
            outcome = Outcome.BOXED if rung.engine == _BOX.engine else Outcome.PLACED
            return ProductResult(local_id=product.local_id, outcome=outcome, reason=reason, engine=rung.name)
        if failures and failures[-1][1] == NO_SURFACE:
            return ProductResult(local_id=product.local_id, outcome=Outcome.WITHOUT_GEOMETRY, reason=NO_SURFACE, engine="")
        return ProductResult(local_id=product.local_id, outcome=Outcome.FAILED, reason=reason, engine="")

    def _findings(self, product: Product, line: ProductResult) -> Iterable[Issue]:
        failures = [f for f in self._failures.get(product.step_id, []) if f[0].engine != _BOX.engine and f[1] != NO_SURFACE]
        if line.outcome is Outcome.PLACED:
            failures = [failure for failure in failures if failure[1] != EMPTY]
        if not failures:
            return
        severity = {Outcome.PLACED: Severity.INFO, Outcome.BOXED: Severity.WARNING}.get(line.outcome, Severity.ERROR)
        ending = {Outcome.PLACED: f"; drawn by {line.engine}", Outcome.BOXED: "; shown as a box"}.get(line.outcome, "; cannot be shown")
        yield Issue(
            code=failures[-1][1],
            path=f"#{product.step_id} {product.class_name} {product.local_id}",
            message=f"{line.reason}{ending}",
            severity=severity,
        )


def _describe(answer: Refusal | Timeout | Crash) -> tuple[str, str]:
    if isinstance(answer, Timeout):
        return TIMEOUT, f"no answer within {answer.limit_s:g} s"
    if isinstance(answer, Crash):
        return CRASHED, str(answer)
    return EMPTY, answer.text


def _to_json(result: GeometryResult) -> dict[str, list[list[str | None]]]:
    return {
        "results": [[r.local_id, r.outcome.value, r.reason, r.engine] for r in result.results.values()],
        "issues": [[i.code, i.path, i.message, i.severity.value] for i in result.issues],
    }


def _from_cache(meshes: MeshSet, document: Mapping[str, Sequence[Sequence[str]]]) -> GeometryResult:
    results = {
        local_id: ProductResult(local_id=local_id, outcome=Outcome(outcome), reason=reason, engine=engine)
        for local_id, outcome, reason, engine in document["results"]
    }
    issues = tuple(
        Issue(code=code, path=path, message=message, severity=Severity(severity)) for code, path, message, severity in document["issues"]
    )
    return GeometryResult(meshes=meshes, results=results, issues=issues, worker_starts=0)
