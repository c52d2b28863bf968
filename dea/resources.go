package dea

import "github.com/minicf/minicf/protocol"

// How many instances a DEA takes (multi_tenant: true or false).
const (
	maxTenants   = 1024
	singleTenant = 1
)

// Limits of an instance whose start message names none.
const (
	defaultMemory = 512 // MB
	defaultDisk   = 256 // MB
	defaultFDs    = 1024
)

// maxLimit bounds limits to what can be computed with: 1 PB in MB.
const maxLimit = 1 << 30

// resources is what instances may reserve and have reserved. It is guarded by DEA.mu.
type resources struct {
	maxMemory  int // MB
	maxClients int

	reserved int // MB
	clients  int
}

// fits reports whether one more instance has room.
func (r *resources) fits(memory int) bool {
	return r.clients < r.maxClients && memory <= r.maxMemory-r.reserved
}

// full reports whether not even the smallest instance has room.
func (r *resources) full() bool {
	return r.clients >= r.maxClients || r.reserved >= r.maxMemory
}

func (r *resources) available() int { return r.maxMemory - r.reserved }

// load is the share of the memory that is reserved, 0 to 1.
func (r *resources) load() float64 { return float64(r.reserved) / float64(r.maxMemory) }

// take reserves what an instance needs.
func (r *resources) take(in *instance) {
	r.reserved += in.memory
	r.clients++
	in.reserved = true
}

// reserve takes what an instance needs, and tells everyone what is left. The caller holds DEA.mu.
func (d *DEA) reserve(in *instance) {
	d.room.take(in)
	d.advertise()
}

// release gives back what an instance reserved, once. The caller holds DEA.mu.
func (d *DEA) release(in *instance) {
	if !in.reserved {
		return
	}
	in.reserved = false
	d.room.reserved -= in.memory
	d.room.clients--
	d.advertise()
}

// limit returns a limit of a start message, or what it means when it is not there; ok is false for
// one that makes no sense.
func limit(asked *protocol.Int, otherwise int) (n int, ok bool) {
	if asked == nil {
		return otherwise, true
	}
	n = int(*asked)
	return n, n >= 0 && n <= maxLimit
}
