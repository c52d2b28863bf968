package dea

import (
	"math"

	"github.com/minicf/minicf/protocol"
)

// shuttingDown is the state of a DEA that takes nothing any more.
const shuttingDown = "SHUTTING_DOWN"

// onStatus answers with the DEA's figures (dea.status), also while it stops.
func (d *DEA) onStatus(_ protocol.Ignored, reply func(protocol.DEAStatusReply)) {
	d.mu.Lock()
	s := protocol.DEAStatusReply{
		DEAHello: d.hello(), MaxMemory: d.room.maxMemory, ReservedMemory: d.room.reserved,
		UsedMemory: math.Round(float64(d.usedKB())/1024*100) / 100, NumClients: d.room.clients,
	}
	if d.stopping {
		s.State = shuttingDown
	}
	d.mu.Unlock()
	reply(s)
}

// usedKB is the memory that instances use. The caller holds DEA.mu.
func (d *DEA) usedKB() int64 {
	var sum int64
	for _, in := range d.registry.live() {
		if u := in.usage.last(); u != nil {
			sum += u.MemoryKB
		}
	}
	return sum
}
