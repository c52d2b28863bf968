package dea

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
)

// portTries is how many ports the system may offer that an instance already has.
const portTries = 100

// takePorts chooses the ports of an instance: for the app when it has URIs, for a debugger and a
// console when they are asked for.
func (d *DEA) takePorts(in *instance) error {
	routed := d.routed(in)
	if !routed {
		in.log.Info("No URIs found for application.  Not assigning a port")
	}
	for _, want := range []struct {
		wanted bool
		port   *int
	}{
		{routed, &in.port},
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

// routed reports whether an instance has URIs now.
func (d *DEA) routed(in *instance) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(in.uris) > 0
}

// takePort finds a free port and lets go of it, for the app to listen on.
func (d *DEA) takePort(port *int) error {
	for range portTries {
		l, err := offer()
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

// Where apps are given ports: below the range from which the system serves whoever wants any port. In 2012 the system was
// asked, and gave the same port to somebody else while an app was still starting.
const (
	firstPort = 20000
	lastPort  = 31999
)

// offer listens on a port that is free now, if possible one that the system gives to nobody by itself.
func offer() (net.Listener, error) {
	if systemPorts() > lastPort {
		for range portTries {
			port := firstPort + rand.IntN(lastPort-firstPort+1)
			if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
				return l, nil
			}
		}
	}
	return net.Listen("tcp", "127.0.0.1:0")
}

// systemPorts is the first port that the system gives to whoever wants any: 32768 on Linux unless configured otherwise, 49152
// where it does not tell.
func systemPorts() int {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return 49152
	}
	first, err := strconv.Atoi(strings.Fields(string(text) + " 0")[0])
	if err != nil {
		return 0
	}
	return first
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
	d.changed()
	return true
}
