// What is known of each followed request, and where it is at a moment.

const followed = ({ number }, every) => (number * GOLDEN) % 1 < 1 / every;

// Work on a request takes a place of its machine, the lowest that is free.
class Journeys {
  list = [];
  known = new Map();
  holders = []; // unit -> who has which place

  step(kind, number, where, at) {
    if (kind === SENT) return this.begin(number, where, at);
    const journey = this.known.get(number);
    if (!journey) return;
    if (kind === FINISHED) [journey.status, journey.finished] = [where, at];
    else if (kind === ENTERED) journey.visits.push({ unit: where, entered: at, started: Infinity, left: Infinity, place: -1 });
    else this.at(journey.visits.findLast((visit) => visit.unit === where), kind, at);
  }

  begin(number, source, at) {
    const journey = { number, source, sent: at, visits: [], finished: Infinity, status: 0, x: NaN, y: NaN, end: Infinity };
    this.known.set(number, journey);
    this.list.push(journey);
  }

  at(visit, kind, at) {
    if (!visit) return;
    const places = (this.holders[visit.unit] ??= []);
    if (kind === LEFT) {
      visit.left = at;
      if (places[visit.place] === visit) places[visit.place] = null;
      return;
    }
    visit.started = at;
    if (visit.left <= at) return;
    visit.place = places.findIndex((holder) => !holder);
    if (visit.place < 0) visit.place = places.length;
    places[visit.place] = visit;
  }

  // Those that are over on the screen, too, are forgotten.
  prune(over) {
    for (const journey of this.list) if (over(journey)) this.known.delete(journey.number);
    this.list = this.list.filter((journey) => !over(journey));
  }

  clear() {
    this.list = [];
    this.known.clear();
    this.holders = [];
  }
}

// Where a journey is at a moment: what it does, at which of its visits (n), and which part of the way lies behind it.
// Travelling takes `hop` on the screen and nothing in the model, so every box shows its own moment, a hop later than the
// one before it; times of waiting and work are those of the model.
const [AWAY, THERE, WAITING, WORKING, BACK, OVER] = [0, 1, 2, 3, 4, 5];
function whereabouts(journey, at, hop, found) {
  found.what = AWAY;
  if (journey.visits.length && !goesIn(journey, at, hop, found)) comesBack(journey, at, hop, found);
}

function goesIn({ visits, finished }, at, hop, found) {
  for (let n = 0; n < visits.length; n++) {
    const visit = visits[n];
    const shift = (n + 1) * hop;
    found.n = n;
    if (at < visit.entered + shift) {
      if (at < visit.entered + shift - hop) return true; // not here yet: it was found in the box before
      found.what = THERE;
      found.part = (at - visit.entered - shift + hop) / hop;
      return true;
    }
    const goes = n < visits.length - 1 ? visits[n + 1].entered : visit.left;
    if (at < goes + shift) {
      found.what = at < Math.min(visit.started, visit.left) + shift ? WAITING : WORKING;
      found.late = at > finished + shift;
      return true;
    }
  }
  return false;
}

function comesBack(journey, at, hop, found) {
  const { visits, finished } = journey;
  const last = visits.length - 1;
  const shift = (last + 1) * hop;
  let back = visits[last].left + shift;
  for (let n = last; n >= 0; n--) {
    found.n = n;
    if (at < back) {
      found.what = WORKING; // on its way back it is held up here, as on a network
      found.late = at > finished + shift;
      return;
    }
    if (at < back + hop) {
      found.what = BACK;
      found.part = (at - back) / hop;
      return;
    }
    back += hop;
    if (n > 0) back = Math.max(back, visits[n - 1].left + shift + (last - n + 1) * hop);
  }
  found.what = OVER;
  journey.end = visits[last].left + shift * 2;
}
