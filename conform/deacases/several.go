package deacases

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"

	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
	"github.com/minicf/minicf/protocol"
)

// integerID is an id as the cloud controller gave them, which no app has.
func integerID() int64 {
	n, _ := rand.Int(rand.Reader, big.NewInt(1<<40)) // never fails: crypto/rand ends the program first
	return 1<<41 + n.Int64()
}

// routes waits until an app was registered so many times, with a port of its own each time.
func (a *app) routes(ctx context.Context, n int) ([]wire.Object, error) {
	ports := map[int64]bool{}
	var all []wire.Object
	_, err := a.k.await(ctx, a.mark, fmt.Sprintf("%d registrations of %s", n, a.droplet), func(m wire.Message) bool {
		if port, ok := m.Object.Int("port"); ok && m.Subject == protocol.RouterRegister.String() && a.concerns(m) && !ports[port] {
			ports[port] = true
			all = append(all, m.Object)
		}
		return len(all) == n
	}, a.said)
	return all, err
}

func startIdentical(ctx context.Context, k *Kit) error {
	const n = 4
	if k.single {
		return k.oneOnly()
	}
	a, err := k.launch(ctx, spec{name: "four", memory: n * appMemory, change: wire.Object{"limits": wire.Object{"mem": appMemory}}})
	defer a.end(ctx)
	mark := a.mark
	for i := 1; i < n && err == nil; i++ {
		err = a.again()
	}
	a.mark = mark
	if err != nil {
		return err
	}
	routes, err := a.routes(ctx, n)
	if err != nil {
		return err
	}
	pids := map[int]bool{}
	for _, route := range routes {
		pid, err := a.visit(ctx, route)
		if err != nil {
			return err
		}
		pids[pid] = true
	}
	if len(pids) != n {
		return &suite.Mismatch{Why: "some registrations lead to the same process", Expected: "4 processes", Seen: fmt.Sprint(pids)}
	}
	return nil
}

func startInstanceIDs(ctx context.Context, k *Kit) error {
	if k.single {
		return k.oneOnly()
	}
	var instances, private []string
	for i := range 2 {
		a, err := k.start(ctx, spec{change: wire.Object{"index": i}})
		defer a.end(ctx)
		if err != nil {
			return err
		}
		entry, err := a.entry(ctx, a.mark, protocol.Running)
		if err != nil {
			return err
		}
		if err := (wire.Shape{{Key: "instance", Kind: wire.Hex(32)}, {Key: "index", Kind: wire.Is(i)}}).Check("a heartbeat's entry", entry); err != nil {
			return err
		}
		route, err := a.await(ctx, a.mark, protocol.RouterRegister.String())
		if err != nil {
			return err
		}
		instances, private = append(instances, entry.Text("instance")), append(private, route.Text("private_instance_id"))
	}
	if instances[0] == instances[1] || private[0] == private[1] {
		return &suite.Mismatch{Why: "two instances have the same id", Expected: "different ids", Seen: fmt.Sprint(instances, private)}
	}
	return nil
}

func startNoURIs(ctx context.Context, k *Kit) error {
	a, err := k.start(ctx, spec{hold: true, change: wire.Object{"uris": []string{}}})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	p, err := a.process(ctx)
	if err != nil {
		return err
	}
	if len(p.Args) > 0 || p.Env["VCAP_APP_PORT"] != "" {
		return &suite.Mismatch{
			Why: "an app without URIs was given a port", Expected: "no arguments and an empty VCAP_APP_PORT",
			Seen: fmt.Sprintf("%q and %q", p.Args, p.Env["VCAP_APP_PORT"]),
		}
	}
	if err := k.registeredAgain(ctx, nil); err != nil {
		return err
	}
	return k.never(ctx, a.mark, "message to the router", a.tells)
}

func startDebug(ctx context.Context, k *Kit) error {
	a, err := k.start(ctx, spec{change: wire.Object{"debug": "run", "console": true}})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	p, err := a.process(ctx)
	if err != nil {
		return err
	}
	found, err := a.find(ctx, nil)
	if err != nil {
		return err
	}
	for _, kind := range []string{"debug", "console"} {
		err := wire.Shape{{Key: kind + "_ip", Kind: wire.Text()}, {Key: kind + "_port", Kind: wire.Int()}}.Check("the answer to dea.find.droplet", found)
		if err != nil {
			return err
		}
	}
	port := func(kind string) string { return wire.Show(found[kind]) }
	return sameEnv(p.Env, map[string]string{
		"VCAP_DEBUG_IP": found.Text("debug_ip"), "VCAP_DEBUG_PORT": port("debug_port"),
		"VCAP_CONSOLE_IP": found.Text("console_ip"), "VCAP_CONSOLE_PORT": port("console_port"),
	})
}
