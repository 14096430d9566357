"""Owns ExecutionId, the name of one run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self
from uuid import UUID, uuid4


@dataclass(frozen=True, slots=True, order=True)
class ExecutionId:
    """Names one run of one saga; its text is a canonical UUID."""

    uuid: UUID

    @classmethod
    def new(cls) -> Self:
        """Return a fresh random id (UUID version 4)."""
        return cls(uuid4())

    @classmethod
    def from_uuid(cls, uuid: UUID) -> Self:
        """Wrap an existing UUID."""
        return cls(uuid)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form.

        Raises:
            ValueError: `text` is no UUID.
        """
        return cls(UUID(text))

    @property
    def as_bytes(self) -> bytes:
        """The 16 bytes of the UUID, big-endian."""
        return self.uuid.bytes

    def __str__(self) -> str:
        return str(self.uuid)
