"""Diseases and problems."""

from __future__ import annotations

from typing import Annotated, Literal

from translators.internal.schema.page import ListOut, PageQuery
from translators.internal.schema.shapes import EntityRef, In, Out
from translators.internal.schema.values import (
    Code,
    Date,
    InWords,
    Kept,
    Key,
    Note,
    OrElse,
    ShownDate,
    ShownInstant,
    ShownKey,
    Version,
)

ProblemStatus = Annotated[Literal["active", "resolved", "inactive"], InWords]
FunctionStatus = Annotated[
    Literal["problem", "cognitive_result", "cognitive_problem", "functional_result", "functional_problem"], InWords
]


class ListDiseasesQuery(PageQuery):
    """Which diseases."""

    problem_status: ProblemStatus | None = None


class CreateDiseaseIn(In):
    """A new problem of a kind that the catalogue of disease definitions has."""

    disease_definition_uuid: Key
    date_start: Date | None = None
    date_stop: Date | None = None
    function_status: Annotated[FunctionStatus, OrElse("problem")] = "problem"
    patient_note: Note = None
    problem_status: Annotated[ProblemStatus, OrElse("active")] = "active"
    snomed_problem_type: Code = None


class UpdateDiseaseIn(In):
    """The members to change."""

    base_version: Version
    disease_definition_uuid: Annotated[Key | None, Kept] = None
    date_start: Date | None = None
    date_stop: Date | None = None
    function_status: Annotated[FunctionStatus | None, Kept] = None
    patient_note: Note = None
    problem_status: Annotated[ProblemStatus | None, Kept] = None
    snomed_problem_type: Code = None


class DiseaseOut(Out):
    """A disease or problem."""

    id: ShownKey
    version: int
    created_at: ShownInstant
    updated_at: ShownInstant
    deleted_at: ShownInstant | None = None
    patient: EntityRef
    disease_definition: EntityRef | None = None
    problem_status: str
    function_status: str
    snomed_problem_type: str | None = None
    date_start: ShownDate | None = None
    date_stop: ShownDate | None = None
    patient_note: str | None = None


class DiseaseListOut(ListOut):
    """A page of diseases."""

    items: list[DiseaseOut]
