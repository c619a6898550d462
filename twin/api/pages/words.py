"""What the pages say, in both languages."""

from collections.abc import Mapping
from types import MappingProxyType

from viewer.document import Words

__all__ = ["WORDS"]

WORDS: Mapping[str, Words] = MappingProxyType(
    {
        "product": Words("屏山孪生", "Pingshan Twin"),
        "landing": Words("数据接口", "Data access"),
        "about": Words(
            "大院的楼栋、房间、构件、资产与设备,以 OGC API 要素标准提供;同一地址按需给出网页、GeoJSON、JSON-FG 和 GeoParquet。",
            "Buildings, rooms, elements, assets and devices of the compound by the OGC API Features standard; the same addresses "
            "give pages, GeoJSON, JSON-FG and GeoParquet.",
        ),
        "way": Words("路径", "Where you are"),
        "forms": Words("语言与格式", "Languages and formats"),
        "footer": Words("页面只显示您有权知悉的内容。", "Pages show only what you may know of."),
        "viewer": Words("三维场景", "3D scene"),
        "viewer_about": Words("打开大院的三维控制台", "opens the console of the compound"),
        "collections": Words("集合", "Collections"),
        "collections_about": Words("每类要素、每种登记、每个导入图层各一个", "one a kind of features, of records, one an imported layer"),
        "conformance": Words("所符合的标准", "Conformance"),
        "conformance_about": Words("本服务符合的一致性类", "the conformance classes that this service conforms to"),
        "api": Words("接口说明", "API definition"),
        "api_about": Words("每个操作及其参数(OpenAPI)", "each operation with its parameters (OpenAPI)"),
        "operation": Words("操作", "Operation"),
        "parameters": Words("参数", "Parameters"),
        "id": Words("标识", "Id"),
        "title": Words("名称", "Title"),
        "items": Words("要素", "Items"),
        "browse": Words("浏览要素", "Browse the items"),
        "schema": Words("属性", "Schema"),
        "queryables": Words("可查询的属性", "Queryables"),
        "sortables": Words("可排序的属性", "Sortables"),
        "property": Words("属性", "Property"),
        "type": Words("类型", "Type"),
        "meaning": Words("含义", "Meaning"),
        "value": Words("值", "Value"),
        "extent": Words("范围", "Extent"),
        "time": Words("时间", "Time"),
        "from": Words("自", "from"),
        "storage_crs": Words("存储坐标系", "Stored in"),
        "crs": Words("可用坐标系", "Reference systems"),
        "tilesets": Words("三维瓦片", "3D Tiles"),
        "writes": Words("可写", "Writable"),
        "whole": Words("整个集合的文件", "The whole collection in one file"),
        "matched": Words("共 {count} 项", "{count} items in all"),
        "shown": Words("本页 {count} 项", "{count} on this page"),
        "uncounted": Words("总数过大,未逐项计数", "too many to be counted one by one"),
        "none": Words("没有符合条件的要素。", "Nothing matches."),
        "first": Words("首页", "First page"),
        "next": Words("下一页", "Next page"),
        "filter": Words("条件(CQL2)", "Filter (CQL2)"),
        "sort": Words("排序", "Order"),
        "limit": Words("每页", "A page"),
        "apply": Words("应用", "Apply"),
        "own_order": Words("集合次序", "as kept"),
        "ascending": Words("升序", "ascending"),
        "descending": Words("降序", "descending"),
        "more_columns": Words("另有 {count} 个属性,点开要素可见", "Properties that only the page of an item shows: {count}"),
        "map": Words("本页要素的位置;上为北", "Where the items of this page are; north is up"),
        "no_place": Words("{count} 项没有位置", "{count} have no place"),
        "nowhere": Words("没有位置", "It has no place"),
        "dossier": Words("登记档案", "Dossier"),
        "in_3d": Words("在三维场景中查看", "Show in the 3D scene"),
        "heights": Words("椭球高(米)", "Metres above the ellipsoid"),
        "since": Words("此状态始于", "So since"),
        "until": Words("此状态止于", "So until"),
        "site": Words("大院", "Site"),
        "exact": Words("详情（供技术人员）", "Details for engineers"),
        "position": Words("经度、纬度", "Longitude, latitude"),
    }
)
