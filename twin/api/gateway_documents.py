"""What /live/gateways and /live/vehicles take and answer, as OpenAPI describes it."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from twin.api.documents import bilingual

__all__ = ["CommandsDocument", "Confirmation", "Done", "GatewaysDocument", "TextForVehicle", "Tracking"]


def _field(chinese: str, english: str, **more: Any) -> Any:
    return Field(description=bilingual(chinese, english), **more)


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Lists(_Document):
    """哪些终端 · which terminals."""

    connected: list[str] = _field("已鉴权的终端", "terminals that are authenticated")
    contested: list[str] = _field("登记于数车的终端", "terminals that several vehicles claim")
    quarantined: list[dict[str, Any]] = _field("未知终端及其报文", "terminals that nobody knows, with what they said")


class Gateway(_Document):
    """一个网关 · one gateway."""

    name: str = _field("名称", "its name")
    protocol: str | None = _field("协议", "what it speaks")
    at: str | None = _field("所述时刻", "when it said so, UTC")
    address: str = _field("监听地址,MQTT 网关为消息代理的地址", "where it listens; of one of MQTT, its broker")
    terminals: int = _field("台账中的终端", "terminals in the register")
    connected: int = _field("已鉴权", "authenticated now")
    contested: int = _field("登记于数车", "claimed by several vehicles")
    unknown: int = _field("未知终端", "terminals that nobody knows")
    held: str = _field("为何暂不确认;空为正常", "why it acknowledges nothing now; empty while it does")
    findings: dict[str, int] = _field("问题计数", "findings by code")
    statistics: dict[str, Any] = _field("启动以来的计数", "counts since it was started")
    lists: Lists | None = _field("明细;无权则空", "which they are; null for who may not know")


class GatewaysDocument(_Document):
    """半分钟内有声息的网关 · gateways that said something within half a minute."""

    gateways: list[Gateway]


class TextForVehicle(_Document):
    """文本 · a text."""

    text: str = _field("文本", "the text", min_length=1, max_length=500)


class Tracking(_Document):
    """跟踪 · tracking."""

    interval_s: int = _field("间隔,秒;0 为结束", "seconds between reports; 0 ends it", ge=0, le=65535)
    for_s: int = _field("时长,秒", "for so many seconds", ge=0, le=2**32 - 1)


class Confirmation(_Document):
    """报警确认 · confirmation of alarms."""

    serial: int = _field("报警消息流水号;0 为全部", "serial of the alarm's message; 0 for all", ge=0, le=65535, default=0)
    alarms: list[str] = _field("报警代码", "codes of alarms", min_length=1, max_length=32)


class Done(_Document):
    """终端的结果 · what the terminal made of it."""

    vehicle: str
    gateway: str
    message: str = _field("消息 ID", "the message that was sent")
    result: int = _field("0 成功,1 失败,2 消息有误,3 不支持", "0 done, 1 failed, 2 wrong, 3 not supported")
    zh: str
    en: str
    event: int = _field("下发记录的事件编号", "id of the event that tells of it")


class CommandRow(_Document):
    """一次下发 · one command."""

    event: int = _field("事件编号", "id of its event")
    at: str = _field("下发时刻", "when it was sent, UTC")
    who: str | None = _field("由谁", "by whom")
    message: str | None = _field("消息 ID", "the message")
    said: dict[str, Any] | None = _field("内容", "what it said")
    outcome: str = _field(
        "answered 有应答,unanswered 无应答或未发,sent 是否到达未知",
        "answered, unanswered (or not sent: `code`), sent: not known whether it arrived",
    )
    answered: str | None = _field("结果时刻", "when its outcome was known, UTC")
    gateway: str | None
    result: int | None = _field("终端的结果", "the terminal's result")
    code: str | None = _field("无应答的原因", "why there was no answer")
    zh: str | None
    en: str | None


class CommandsDocument(_Document):
    """向一辆车下发过什么 · what a vehicle was told."""

    vehicle: str
    commands: list[CommandRow]
