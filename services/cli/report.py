"""What came of an import: counts, and every refusal with its reason and place. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

# Places shown of each reason; --json has them all.
SHOWN = 5


@dataclass(frozen=True)
class Refused:
    source: str
    place: str
    reason: str
    detail: str = ""
    external_id: str | None = None


@dataclass
class Report:
    """`resumed` counts answers known from an import that was broken off; they are part of the other counts."""

    api: str
    dry_run: bool = False
    sources: dict[str, str] = field(default_factory=dict)  # name -> format
    accepted: int = 0
    already_there: int = 0
    resumed: int = 0
    refused: list[Refused] = field(default_factory=list)
    left_out: Counter[tuple[str, str]] = field(default_factory=Counter)  # (reason, source)
    notes: Counter[str] = field(default_factory=Counter)

    @property
    def found(self) -> int:
        """Everything that is or should be an article."""
        return self.accepted + self.already_there + len(self.refused)

    def as_json(self) -> dict[str, Any]:
        return {
            "api": self.api,
            "dry_run": self.dry_run,
            "sources": [{"name": name, "format": format} for name, format in self.sources.items()],
            "found": self.found,
            "accepted": self.accepted,
            "already_there": self.already_there,
            "resumed": self.resumed,
            "refused": len(self.refused),
            "left_out": self.left_out.total(),
            "refusals": [
                {
                    "reason": reason,
                    "count": len(group),
                    "places": [
                        {
                            "source": each.source,
                            "place": each.place,
                            "external_id": each.external_id,
                            "detail": each.detail,
                        }
                        for each in group
                    ],
                }
                for reason, group in self._groups()
            ],
            "left_out_reasons": [
                {"reason": reason, "source": source, "count": count}
                for (reason, source), count in self.left_out.most_common()
            ],
            "notes": [{"note": note, "count": count} for note, count in self.notes.most_common()],
        }

    def as_text(self) -> str:
        """The report for people, refusals by reason, most frequent first."""
        lines = [
            f"{_count(self.found, 'article')} in {_count(len(self.sources), 'file')}",
            f"  {self.accepted:>9,}  {'would be accepted' if self.dry_run else 'accepted'}",
            f"  {self.already_there:>9,}  already there",
            f"  {len(self.refused):>9,}  refused",
        ]
        if self.left_out:
            lines.append(f"  {self.left_out.total():>9,}  left out: no articles")
        if self.resumed:
            lines.append(f"  {self.resumed:,} of these were answered before the import was broken off.")
        if self.refused:
            lines += ["", "Refused"]
            for reason, group in self._groups():
                lines.append(f"  {len(group):,} × {reason}")
                lines += [f"      {_place(each)}" for each in group[:SHOWN]]
                if len(group) > SHOWN:
                    lines.append(f"      and {len(group) - SHOWN:,} more; --json lists all")
        if self.left_out:
            lines += ["", "Left out"]
            lines += [f"  {count:,} × {reason}: {source}" for (reason, source), count in self.left_out.most_common()]
        if self.notes:
            lines += ["", "Notes"]
            lines += [f"  {count:,} × {note}" for note, count in self.notes.most_common()]
        return "\n".join(lines)

    def _groups(self) -> list[tuple[str, list[Refused]]]:
        groups: dict[str, list[Refused]] = defaultdict(list)
        for each in self.refused:
            groups[each.reason].append(each)
        return sorted(groups.items(), key=lambda group: -len(group[1]))


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def _place(refused: Refused) -> str:
    place = refused.source if refused.place == "file" else f"{refused.source}, {refused.place}"
    identity = f" ({refused.external_id})" if refused.external_id else ""
    return f"{place}{identity}" + (f": {refused.detail}" if refused.detail else "")
