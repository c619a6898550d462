"""What the service answers about records, as OpenAPI describes it."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from twin.api.documents import bilingual

__all__ = [
    "AssetSteps",
    "AssetTotals",
    "Dossier",
    "FeatureRecords",
    "ImportFindings",
    "ImportPage",
    "Inventory",
    "KindList",
    "NewRequest",
    "OfferedDocument",
    "OfferedPage",
    "RecordDocument",
    "RecordPage",
    "RequestDocument",
    "RequestPage",
    "RequestStep",
    "Reversal",
    "SearchAnswer",
    "VanishedPage",
]


def _field(chinese: str, english: str, **more: Any) -> Any:
    return Field(description=bilingual(chinese, english), **more)


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class KindList(_Answer):
    """登记种类及其列 · the kinds of records with their columns."""

    kinds: list[dict[str, Any]]


class RecordDocument(_Answer):
    """一条记录现在的内容 · what a record says now."""

    id: int
    kind: str
    key: str = _field("自然键", "the natural key")
    href: str
    ended: str | None = _field("终止日期", "the day it ended")
    values: dict[str, Any] = _field("各列的值;金额为整数分", "value of each column; money in whole fen")
    words: dict[str, dict[str, str]] = _field("代码与金额的文字", "codes and amounts in words")
    extra: dict[str, Any] = _field("台账中其余各列", "what else the ledger says")
    withheld: list[str] = _field("访问者无权查看的列", "columns that are not for the asker")
    place: dict[str, Any] | None = _field("所在地点", "where it is")


class OfferedDocument(RecordDocument):
    """闲置或在公物仓的资产 · an asset that is offered."""

    offered: dict[str, Any] | None = _field("自何日起可调剂,天数,是否确知", "since when, for how many days, whether that is exact")


class RecordPage(_Answer):
    """一页记录,按键排序 · a page of records in the order of their keys."""

    number_matched: int = _field("符合条件的数量", "how many match", alias="numberMatched")
    number_matched_is: str = _field("exact 为准确,at_least 为至少", "exact, or at_least", alias="numberMatchedIs", default="exact")
    number_returned: int = _field("本页数量", "how many are here", alias="numberReturned")
    records: list[RecordDocument]
    next: str | None = _field("下一页的地址", "address of the following page")


class OfferedPage(RecordPage):
    """一页可调剂资产 · a page of assets that are offered."""

    records: list[OfferedDocument]  # type: ignore[assignment]


class Dossier(_Answer):
    """一物一档:截至某日,每个值及其来源 · everything known as of a day, each value with its source."""

    id: int
    kind: str
    key: str
    href: str
    as_of: str = _field("有效时点", "the day the values hold for")
    known_at: str = _field("知悉时点", "the moment up to which things were known")
    ended: str | None
    fields: list[dict[str, Any]]
    withheld: list[str]
    extra: dict[str, Any]
    changes: list[dict[str, Any]]
    findings: list[dict[str, Any]]
    place: dict[str, Any] | None
    links: list[dict[str, Any]]
    requests: list[dict[str, Any]]


class FeatureRecords(_Answer):
    """要素在登记中的对应 · what the registers know of a feature."""

    place: dict[str, Any] | None = _field("地点树上的节点", "its node in the tree of places")
    records: list[dict[str, Any]] = _field("关联的记录及方法、可信度、依据", "records tied to it with method, confidence, evidence")


class Inventory(_Answer):
    """资产清查:本级 + 下级 + 未落位 = 合计 · own + children + unplaced = total."""

    place: dict[str, Any] | None
    unit: dict[str, Any] | None
    own: dict[str, Any]
    children: list[dict[str, Any]]
    unplaced: dict[str, Any] = _field("确知在此而具体位置不明,或全无位置", "known to be here but not where, or nowhere at all")
    total: dict[str, Any]
    by_class: list[dict[str, Any]]
    by_unit: list[dict[str, Any]]
    by_state: list[dict[str, Any]]
    by_age: list[dict[str, Any]]


class AssetTotals(_Answer):
    """资产合计 · sums of assets."""

    by: list[str]
    total: int
    rows: list[dict[str, Any]]


class SearchAnswer(_Answer):
    """各类中的几条 · a few of each kind."""

    q: str
    groups: list[dict[str, Any]]


class NewRequest(_Answer):
    """一项申请 · a request: `{"kind": "correction", "payload": {"record": {"kind", "key"}, "field", "value", "evidence"}}`."""

    kind: str = _field("种类", "one of the kinds in the table of steps")
    payload: dict[str, Any] = _field("内容;所需项见步骤表", "what is asked; the table of steps says what it needs")


class RequestStep(_Answer):
    """一个步骤 · a step."""

    to: str = _field("到达的状态", "the state it leads to")
    facts: dict[str, Any] = _field("理由、凭证等", "reason, receipt and whatever the step needs", default_factory=dict)


class Reversal(_Answer):
    """撤销更正 · a correction taken back."""

    reason: str = _field("理由", "why")


class RequestDocument(_Answer):
    """一项申请及其步骤 · a request with its steps."""

    id: int
    kind: str
    state: str
    applicant: str
    unit: str | None = _field("归口单位", "key of the unit that decides")
    payload: dict[str, Any]
    opened_at: str
    closed_at: str | None
    steps: list[dict[str, Any]]
    next: list[dict[str, Any]] = _field("可走的下一步", "the steps that may follow", default_factory=list)


class RequestPage(_Answer):
    """一页申请,新的在前 · a page of requests, newest first."""

    requests: list[RequestDocument]
    next: str | None = _field("下一页的地址", "address of the following page")


class AssetSteps(_Answer):
    """资产的状态与可走的下一步 · the state of an asset and the steps that lead on."""

    key: str
    state: str | None
    words: dict[str, str] | None
    steps: list[dict[str, Any]] = _field(
        "下一步:direct 直接办,request 须申请,refused 不可", "steps: direct, request, refused with its code"
    )
    unreached: list[dict[str, Any]] = _field(
        "不能由此直接到的状态,及由何状态可到", "states no step leads to from here, and whence one does"
    )
    requests: list[dict[str, Any]] = _field("未办结的申请", "requests about it that are open")


class ImportPage(_Answer):
    """台账导入批次,最新在前 · imports of ledgers, newest first."""

    imports: list[dict[str, Any]]
    next: str | None


class ImportFindings(_Answer):
    """一次导入中的问题:未采纳的行,有问题的单元格 · rows put aside and cells that are not right, each with its line."""

    batch: dict[str, Any] = Field(alias="import", description=bilingual("导入批次", "the import"))
    numberReturned: int
    findings: list[dict[str, Any]]
    next: str | None


class VanishedPage(_Answer):
    """台账中不再有的记录 · records a ledger no longer has."""

    batch: dict[str, Any] = Field(alias="import", description=bilingual("导入批次", "the import"))
    records: list[dict[str, Any]]
    next: str | None
