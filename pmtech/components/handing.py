"""Handing out: which of those behind a queue gets which messages, and when."""

from pmtech.components.messages import Messages
from pmtech.engine.clock import Alarm
from pmtech.engine.part import Part
from pmtech.engine.request import Call, is_success
from pmtech.engine.run import Message


class _Work(Call):
    """Messages in the hands of somebody. queue: where they come from."""

    __slots__ = ("queue", "taken")
    queue: "HandingPart"
    taken: list[Message]

    def heard(self) -> None:
        queue = self.queue
        if is_success(self.status):
            queue.messages.done(self.taken, queue.env._now)
        if queue.messages.waiting:
            queue.hand_out()


class HandingPart(Part):
    """Keeps messages and hands them to whoever is free."""

    def setup(self) -> None:
        self.messages = Messages(self.spec)
        self.turn, self.handing, self.retired = -1, False, set()
        self.company = Alarm(self.env, self.hand_out)  # the oldest has waited long enough for company
        self.visible = Alarm(self.env, self._come_back)
        self.after = Alarm(self.env, self.hand_out, last=True)
        for target in self.targets:
            target.on_room(self._has_place)

    def change(self, spec) -> None:
        super().change(spec)
        self.messages.spec = spec
        self.recover()

    def resize(self, targets: list[Part], retired: set[int]) -> None:
        for target in targets[len(self.targets) :]:
            target.on_room(self._has_place)
        self.targets, self.retired = targets, retired
        self.hand_out()

    def hand_out(self) -> None:
        """To whoever is free, as long as somebody is and anything waits."""
        waiting = self.messages.waiting
        if not waiting or self.handing or self.outages:  # handing: somebody answered at once, and the loop goes on
            return
        before, self.handing, now, batch = len(self.messages), True, self.env._now, self.spec.batch
        while waiting and (target := self._free()):
            if len(self.messages) < batch:
                until_s = self.messages.oldest_s + self.spec.batch_wait_s
                if now < until_s:
                    self.company.set(until_s)
                    break
            taken, dead = self.messages.take(batch, now)
            if dead:
                self.notes.append((now, 0, 0, dead))
            if taken:
                self._hand(taken, target)
        self.handing = False
        if self.roomed and len(self.messages) < before:
            self.has_room()

    def _has_place(self) -> None:
        """Somebody is free. Where messages come back, whoever has done one at last says so before taking another."""
        if self.messages.returned:
            self.after.set(self.env._now)
        else:
            self.hand_out()

    def _free(self) -> Part | None:
        """The target with the most room; of equals the next in turn."""
        targets = self.targets
        if len(targets) == 1:
            return targets[0] if targets[0].room() > 0 and not self.retired else None
        best, room = None, 0.0
        for ahead in range(1, len(targets) + 1):
            number = (self.turn + ahead) % len(targets)
            if number not in self.retired and (has := targets[number].room()) > room:
                best, room = number, has
        if best is None:
            return None
        self.turn = best
        return targets[best]

    def _hand(self, taken: list[Message], target: Part) -> None:
        first, now = taken[0], self.env._now
        again = sum([message.receives > 1 for message in taken])
        self.notes.append((now, len(taken), again, 0))
        hidden_s = now + self.spec.visibility_s
        if hidden_s < self.visible.due:
            self.visible.set(hidden_s)
        request = first.request
        luck_key = request.luck_key if first.receives == 1 else (*request.luck_key, self.name, first.receives)
        work = _Work(request, luck_key, self)
        work.queue, work.taken, work.items, work.place = self, taken, len(taken), self.place or first.place
        work.begin(target.handle(work))

    def _come_back(self) -> None:
        self.messages.come_back(self.env._now)
        self.visible.set(self.messages.due_s)
        self.hand_out()
