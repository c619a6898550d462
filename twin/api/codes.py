"""/codes: what each finding code means, for whoever shows one."""

from dataclasses import asdict
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict

from twin.api.documents import bilingual
from twin.api.gate import allowed
from twin.api.router import Router
from twin.auth import Action, Principal
from twin.codes import list_issue_codes

__all__ = ["router"]

router = Router(tags=["codes"])
Reader = Annotated[Principal, allowed(Action.READ_SITE)]


class CodeDocument(BaseModel):
    """一个代码的含义 · what a code means."""

    model_config = ConfigDict(extra="forbid")
    code: str
    zh: str
    en: str


class Codes(BaseModel):
    """各代码的含义 · what the codes mean."""

    codes: list[CodeDocument]


@router.get("/codes", summary=bilingual("问题代码", "finding codes"), response_model=Codes)
def list_codes(principal: Reader) -> dict[str, Any]:
    """每个代码的中英文短义;详见 docs/issue-codes.md。Each code in a few words; docs/issue-codes.md says what to do."""
    return {"codes": [asdict(one) for one in list_issue_codes()]}
