package dea

import (
	"time"

	"github.com/minicf/minicf/protocol"
)

// born is the state of an instance whose runtime is still being looked at. It never travels: nobody
// has been told of the instance yet, and nothing is reserved for it.
const born protocol.State = ""

// transition is one step in the life of an instance, and what the bus hears of it, in this order.
//
//	        dea.<id>.start
//	born ───────────► STARTING ───────────► RUNNING
//	 │                 │    │                │   │
//	 │ dea.stop        │    │ ends, never    │   │ ends
//	 ▼        dea.stop │    ▼ ready, no bits ▼   │ dea.stop,
//	gone ◄─ STOPPED ◄──┘   CRASHED ◄─────────┘   │ the DEA stops
//	          ▲              │ dea.stop          │
//	          │              ▼                   │
//	          │   gone ◄─ DELETED                │
//	          └──────────────────────────────────┘
//
// STOPPED and DELETED last until the processes and the directory are gone. What the instance held
// is given back, and advertised, only then.
type transition struct {
	from, to protocol.State
	tell     []message
}

// message publishes one message about an instance. DEA.mu is held, so that the bus hears of all
// instances in the order in which things happened to them.
type message func(*DEA, *instance)

// transitions are all that may happen to an instance.
func transitions() []transition {
	gone := []message{(*DEA).unregister, (*DEA).tellExit}
	return []transition{
		{born, protocol.Starting, nil}, // the reservation advertises
		{born, protocol.Stopped, nil},
		{protocol.Starting, protocol.Running, []message{(*DEA).tellRunning, (*DEA).register}},
		{protocol.Starting, protocol.Crashed, gone},
		{protocol.Starting, protocol.Stopped, gone},
		{protocol.Running, protocol.Crashed, gone},
		{protocol.Running, protocol.Stopped, gone},
		{protocol.Crashed, protocol.Deleted, nil},
	}
}

// move is the only place where an instance changes its state. A step that is not in the table is
// not made and reported as false: somebody else was faster, as when an app ends while it is being
// stopped. why matters where the step ends in droplet.exited. The caller holds DEA.mu.
func (d *DEA) move(in *instance, to protocol.State, why protocol.ExitReason) bool {
	for _, t := range transitions() {
		if t.from != in.state || t.to != to {
			continue
		}
		in.state, in.since = to, time.Now()
		if !in.evacuated {
			in.exit = why
		}
		for _, tell := range t.tell {
			tell(d, in)
		}
		d.changed()
		return true
	}
	return false
}
