"""Writing files of a job, in the transaction that moves it on, and reading them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from gateway.bulk.packing import checksum, pack
from gateway.bulk.tables import BulkChunk, BulkFile

FILE_LINES = 25_000
"""Resources of one file; a type with more has several."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some lines of one file, packed before the transaction begins."""

    section: str
    stage: int
    type: str
    lines: int
    plain: bytes
    packed: bytes


def piece(section: str, stage: int, type: str, lines: Sequence[bytes]) -> Piece:
    plain = b"".join(line + b"\n" for line in lines)
    return Piece(section, stage, type, len(lines), plain, pack(plain))


def append(session: Session, job: str, piece: Piece) -> None:
    """To the file that is being filled, or a new one."""
    of = (BulkFile.job == job, BulkFile.section == piece.section, BulkFile.stage == piece.stage)
    file = session.exec(select(BulkFile).where(*of).order_by(col(BulkFile.number).desc())).first()
    if file is None or file.count + piece.lines > FILE_LINES:
        number = 1 + (session.exec(select(func.max(BulkFile.number)).where(BulkFile.job == job)).one() or 0)
        file = BulkFile(job=job, number=number, section=piece.section, stage=piece.stage, type=piece.type)
    session.add(BulkChunk(job=job, file=file.number, number=file.chunks, data=piece.packed))
    file.count += piece.lines
    file.size += len(piece.plain)
    file.crc = checksum(piece.plain, file.crc)
    file.chunks += 1
    session.add(file)


def count(session: Session, job: str, section: str, type: str, resources: int) -> None:
    """A file of nothing but a number: what an import has taken."""
    of = (BulkFile.job == job, BulkFile.section == section, BulkFile.type == type)
    file = session.exec(select(BulkFile).where(*of)).first()
    if file is None:
        number = 1 + (session.exec(select(func.max(BulkFile.number)).where(BulkFile.job == job)).one() or 0)
        file = BulkFile(job=job, number=number, section=section, type=type)
    file.count += resources
    session.add(file)


def chunk(session: Session, job: str, file: int, number: int) -> bytes | None:
    found = session.get(BulkChunk, (job, file, number))
    return bytes(found.data) if found is not None else None


def of_job(session: Session, job: str) -> Sequence[BulkFile]:
    return session.exec(select(BulkFile).where(BulkFile.job == job).order_by(col(BulkFile.number))).all()
