package dea

import (
	"net"
	"testing"
)

// A port that the system hands out to whoever asks may be somebody else's before the app listens.
func TestAppsGetPortsThatTheSystemGivesToNobody(t *testing.T) {
	t.Parallel()
	if systemPorts() <= lastPort {
		t.Skipf("the system gives away ports from %d on: nothing is left below", systemPorts())
	}
	for range 50 {
		l, err := offer()
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if port := l.Addr().(*net.TCPAddr).Port; port < firstPort || port > lastPort {
			t.Errorf("port = %d, want one from %d to %d", port, firstPort, lastPort)
		}
	}
}
