"""The form of every error that a web service answers with (shared.web), for its description."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Mistake(BaseModel):
    """One wrong place in the request: in its body (`pointer`), a header or a parameter."""

    model_config = ConfigDict(extra="forbid")

    pointer: str | None = Field(None, description="JSON Pointer (RFC 6901) into the body", examples=["/headline"])
    header: str | None = None
    parameter: str | None = None
    detail: str = Field(description="What is wrong with it", examples=["is too long"])
    found: Any = Field(None, description="What was found, shortened")
    accepted: str = Field(description="What is accepted", examples=["text of 1 to 500 characters"])


class Problem(BaseModel):
    """An error as RFC 9457 describes it."""

    type: str = Field("about:blank", description="Always about:blank: the status says what kind of problem it is")
    title: str
    status: int = Field(ge=400, le=599)
    detail: str = Field(description="What happened and what to do, for people")
    instance: str | None = Field(None, description="The request's id, for questions: urn:request:<X-Request-Id>")
    errors: list[Mistake] | None = Field(None, description="Each wrong place of the request")
    article: str | None = Field(None, description="Path of the article that an external_id stands for already")
