package dea

import (
	"fmt"
	"net"
	"slices"
)

// portTries is how many ports the system may offer that an instance already has.
const portTries = 100

// takePorts chooses the ports of an instance: for the app when it has URIs, for a debugger and a
// console when they are asked for.
func (d *DEA) takePorts(in *instance) error {
	for _, want := range []struct {
		wanted bool
		port   *int
	}{
		{len(in.request.URIs) > 0, &in.port},
		{in.request.Debug != "", &in.debugPort},
		{in.request.Console != "", &in.consolePort},
	} {
		if !want.wanted {
			continue
		}
		if err := d.takePort(want.port); err != nil {
			return err
		}
	}
	return nil
}

// takePort asks the system for a free port and lets go of it, for the app to listen on. Until the
// app does the system may offer it again, so the ports that instances have are kept out. Linux
// makes clients' ports even and such ports odd, so that outgoing connections do not take it either.
func (d *DEA) takePort(port *int) error {
	for range portTries {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return fmt.Errorf("find a free port: %w", err)
		}
		defer l.Close() // not before one is found, or the same would come again
		if d.keepPort(port, l.Addr().(*net.TCPAddr).Port) {
			return nil
		}
	}
	return fmt.Errorf("find a free port: instances have all %d that were offered", portTries)
}

func (d *DEA) keepPort(port *int, offered int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, in := range d.registry.all {
		if !in.ended && slices.Contains([]int{in.port, in.debugPort, in.consolePort}, offered) {
			return false
		}
	}
	*port = offered
	return true
}
