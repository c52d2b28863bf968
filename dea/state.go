package dea

import (
	"time"

	"github.com/minicf/minicf/protocol"
)

// Two states never travel. A born instance's runtime is still being looked at: nobody has been told of it yet, and nothing is
// reserved for it. Of one that is gone nothing is left to tell.
const (
	born protocol.State = ""
	gone protocol.State = "gone"
)

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
// STOPPED and DELETED last until the processes are gone. What the instance held is given back, and advertised, only then.
// docs/dea-states.md is this table for people; a test writes it.
type transition struct {
	from, to protocol.State
	by       string // who or what brings it about
	tell     []message
}

// message is one message about an instance.
type message struct {
	subject string
	// send is called with DEA.mu held, so that the bus hears of all instances in the order in which things happened to them.
	send func(*DEA, *instance)
}

// transitions are all that may happen to an instance.
func transitions() []transition {
	beat := message{"dea.heartbeat", (*DEA).tellRunning}
	register := message{"router.register", (*DEA).register}
	end := []message{{"router.unregister", (*DEA).unregister}, {"droplet.exited", (*DEA).tellExit}}
	return []transition{
		{born, protocol.Starting, "the cloud controller's dea.ID.start, whose runtime is here and whose memory fits", nil}, // the reservation advertises
		{born, protocol.Stopped, "dea.stop, SIGTERM or SIGUSR2 while its runtime is looked at", nil},
		{born, gone, "its runtime is not here, or others took the memory meanwhile", nil},
		{protocol.Starting, protocol.Running, "the app: its port accepts connections, its state file says so, or it has neither", []message{beat, register}},
		{protocol.Starting, protocol.Crashed, "no droplet, no port, not ready in time, or the app ended or used more than it may", end},
		{protocol.Starting, protocol.Stopped, "the cloud controller's dea.stop, or the DEA's SIGTERM or SIGUSR2", end},
		{protocol.Running, protocol.Crashed, "the app ended, even with status 0, or used more than it may", end},
		{protocol.Running, protocol.Stopped, "the cloud controller's dea.stop, or the DEA's SIGTERM", end},
		{protocol.Crashed, protocol.Deleted, "the cloud controller's dea.stop, or the reaper, after an hour", nil},
		{protocol.Crashed, gone, "there is nothing to look at: no directory was made, or its start said flapping", nil},
		{protocol.Stopped, gone, "its stop script has run and its processes have ended", nil},
		{protocol.Deleted, gone, "its processes have ended", nil},
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
		for _, m := range t.tell {
			m.send(d, in)
		}
		d.changed()
		return true
	}
	return false
}

// forget ends the record of an instance of which nothing is left. The caller holds DEA.mu.
func (d *DEA) forget(in *instance) {
	d.move(in, gone, in.exit)
	d.registry.remove(in)
}
