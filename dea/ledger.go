package dea

import (
	"context"
	"fmt"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/protocol"
)

// ledger makes sure that nothing is said on the bus before it is written down. A DEA that is killed
// at any moment has then told nothing that the next one does not know of, and what it had written
// down but not told, the next one tells.
//
// What changes, and what is to be said of it, is collected while DEA.mu is held, and then written
// and sent by whoever commits next, mostly the ledger's own goroutine. Many changes at once make one
// snapshot, and messages keep the order in which things happened.
type ledger struct {
	turn chan struct{}         // holds one while somebody writes and sends; taken before DEA.mu
	wake chan struct{}         // holds one when there is something to commit
	at   func(moment, records) // what tests replace: called while committing, with what is written

	// What follows is guarded by DEA.mu.

	dirty  bool     // something changed
	unsaid []func() // messages, in order
}

// moment is a step of a commit.
type moment string

const (
	beforeWriting moment = "before writing"
	afterWriting  moment = "between writing and saying"
	afterSaying   moment = "after saying"
)

func newLedger() ledger {
	return ledger{turn: make(chan struct{}, 1), wake: make(chan struct{}, 1), at: func(moment, records) {}}
}

// changed says that an instance is not what the snapshot says. The caller holds DEA.mu.
func (d *DEA) changed() {
	d.ledger.dirty = true
	d.ledger.poke()
}

// say publishes, once all that has changed so far is on the disk. The caller holds DEA.mu.
func say[T any](d *DEA, s protocol.Subject[T], v T) {
	d.ledger.unsaid = append(d.ledger.unsaid, func() {
		// The only thing that goes wrong is a bus that has been away for longer than it can remember messages.
		if err := bus.Publish(d.bus, s, v); err != nil {
			d.log.Error("message was not sent", "subject", s.String(), "error", err)
		}
	})
	d.ledger.poke()
}

func (l *ledger) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// keepLedger commits whenever there is something to, until ctx ends.
func (d *DEA) keepLedger(ctx context.Context) {
	for {
		select {
		case <-d.ledger.wake:
			d.commit()
		case <-ctx.Done():
			return
		}
	}
}

// enter changes something, and returns when that is on the disk.
func (d *DEA) enter(change func()) {
	d.mu.Lock()
	change()
	d.changed()
	d.mu.Unlock()
	d.commit()
}

// commit returns when all that has changed so far is on the disk, and all that has been said so far is on its
// way. A disk that is full is no reason to stop; what is lost is that a next DEA finds the instances.
func (d *DEA) commit() {
	d.ledger.turn <- struct{}{}
	defer func() { <-d.ledger.turn }()
	d.mu.Lock()
	dirty, unsaid := d.ledger.dirty, d.ledger.unsaid
	d.ledger.dirty, d.ledger.unsaid = false, nil
	var all records
	if dirty {
		all = d.records()
	}
	d.mu.Unlock()
	d.ledger.at(beforeWriting, all)
	if dirty {
		d.write(all)
	}
	d.ledger.at(afterWriting, all)
	for _, send := range unsaid {
		send()
	}
	d.ledger.at(afterSaying, all)
}

func (d *DEA) write(all records) {
	begin := time.Now()
	if err := d.snapshot.write(all); err != nil {
		d.log.Error("snapshot was not written", "error", err)
		return
	}
	d.log.Debug(fmt.Sprintf("Took %.6f to snapshot application state.", time.Since(begin).Seconds()))
}

// records returns all instances that somebody has been told of. The caller holds DEA.mu.
func (d *DEA) records() records {
	all := records{}
	for _, in := range d.registry.all {
		if in.state == born {
			continue
		}
		app := in.request.Droplet
		if all[app] == nil {
			all[app] = map[string]record{}
		}
		all[app][in.id] = d.record(in)
	}
	return all
}
