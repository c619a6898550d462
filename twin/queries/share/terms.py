"""The words of a catalogue of shared information, as Chinese administrations use them.

Core metadata of a resource after 政务信息资源目录编制指南(试行), 发改高技〔2017〕1272号, with GB/T 21063.3-2007 behind it; the three kinds
of sharing after 政务信息资源共享管理暂行办法, 国发〔2016〕51号, 第九条. What is ours says so.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

__all__ = ["DATASET", "FORMATS", "FREQUENCIES", "NOT_SHARED", "RECEIVER", "SHARING", "Format", "Term"]


class Term(NamedTuple):
    """A key of the catalogue: in English, and whether it must be said."""

    en: str
    required: bool


class Format(NamedTuple):
    """A file format: the end of its files, and what 信息资源格式 says of it."""

    suffix: str
    named: str


DATASET: Mapping[str, Term] = MappingProxyType(
    {
        "信息资源代码": Term("resource code", True),
        "信息资源名称": Term("resource title", True),
        "信息资源提供方": Term("provider", True),
        "信息资源提供方代码": Term("provider code", True),
        "信息资源摘要": Term("abstract", True),
        "共享类型": Term("kind of sharing", True),
        "共享条件": Term("condition of sharing", False),
        "共享方式": Term("way of sharing", True),
        "更新周期": Term("update frequency", True),
        "发布日期": Term("date of publication", False),
        "关联资源代码": Term("related resource", False),
        "用途": Term("purpose (ours)", True),
        "依据": Term("legal basis (ours)", True),
    }
)
RECEIVER: Mapping[str, Term] = MappingProxyType({"接收方": Term("receiver", True), "接收方代码": Term("code of the receiver", False)})
NOT_SHARED = "不予共享"
SHARING = ("无条件共享", "有条件共享", NOT_SHARED)
FREQUENCIES = ("实时", "每日", "每周", "每月", "每季度", "每年", "不定期")
FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "parquet": Format("parquet", "GeoParquet 1.1"),
        "csv": Format("csv", "CSV (RFC 4180, UTF-8)"),
        "geojson": Format("geojson", "GeoJSON (RFC 7946)"),
        "jsonfg": Format("fg.json", "JSON-FG (OGC 21-045)"),
    }
)
