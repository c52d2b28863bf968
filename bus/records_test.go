package bus_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
)

// The tutorial's bus shows the tutorial's messages: whoever subscribes to everything sees no record, and no traffic of the store.
func TestSubscriberToEverythingSeesNoRecord(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := newKeeper(t)
	everything := bustest.Join(t, s)
	seen := make(chan string, 100)
	if _, err := everything.Tap(">", func(m bus.Message) { seen <- m.Subject }); err != nil {
		t.Fatal(err)
	}
	if err := everything.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	conn := bustest.Join(t, s)
	rev, err := conn.Bucket("apps").Create(ctx, "hello", []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Bucket("apps").Update(ctx, "hello", []byte("more"), rev); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Bucket("apps").List(ctx); err != nil {
		t.Fatal(err)
	}
	if err := bus.Publish(conn, protocol.DEALocate, protocol.Ignored{}); err != nil {
		t.Fatal(err)
	}
	if subject := <-seen; subject != protocol.DEALocate.String() {
		t.Errorf("a message on %s went by, want none but %s", subject, protocol.DEALocate)
	}
}

// Nobody who reaches the bus reaches the records, whatever they say they are.
func TestNobodyOnTheBusCanWriteARecord(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := bustest.Start(t, bus.ServerConfig{Records: t.TempDir()})
	b := bustest.Join(t, s).Bucket("apps")
	if _, err := b.Create(ctx, "hello", []byte("mine")); err != nil {
		t.Fatal(err)
	}
	for name, opts := range map[string][]nats.Option{
		"nobody":       nil,
		"nats:nats":    {nats.UserInfo("nats", "nats")},
		"a token":      {nats.Token("minicf-records")},
		"everybody":    {nats.UserInfo("everybody", "")},
		"with a hash":  {nats.UserInfo("everybody", "$2a$11$")},
		"RECORDS":      {nats.UserInfo("RECORDS", "")},
		"a user alone": {nats.UserInfo("nats", "")},
	} {
		conn, err := nats.Connect(s.URL(), opts...)
		if err != nil {
			t.Errorf("%s: %v, want everybody to be let onto the bus", name, err)
			continue
		}
		defer conn.Close()
		if err := conn.Publish("$KV.minicf.apps.hello", []byte("theirs")); err != nil {
			t.Error(err)
		}
		js, err := jetstream.New(conn)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := js.KeyValue(ctx, "minicf"); !errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount) {
			t.Errorf("%s: error = %v, want that there is no JetStream for them", name, err)
		}
	}
	for name, password := range map[string]string{"no": "", "a wrong": "secret"} {
		if _, err := nats.Connect(s.URL(), nats.UserInfo("minicf-records", password)); !errors.Is(err, nats.ErrAuthorization) {
			t.Errorf("%s password: error = %v, want a refusal", name, err)
		}
	}
	if e, err := b.Get(ctx, "hello"); err != nil || string(e.Value) != "mine" {
		t.Errorf("the record is %q, %v, want it as it was", e.Value, err)
	}
}

// The controller may be another process than the bus: then the directory of the records opens them.
func TestOtherProcessOpensTheRecordsWithTheirDirectory(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dir := t.TempDir()
	s := bustest.Start(t, bus.ServerConfig{Records: dir})
	if _, err := bustest.Join(t, s).Bucket("apps").Create(ctx, "hello", []byte("1")); err != nil {
		t.Fatal(err)
	}
	withUser := strings.Replace(s.URL(), "://", "://nats:nats@", 1)
	for _, o := range []bus.Options{{URL: s.URL(), Records: dir}, {URL: withUser, Records: dir}} {
		if e, err := open(t, o).Bucket("apps").Get(ctx, "hello"); err != nil || string(e.Value) != "1" {
			t.Errorf("over TCP the record is %q, %v, want 1", e.Value, err)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "password")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the password's file is %v, %v, want it for its owner alone", info, err)
	}
	_, err := open(t, bus.Options{URL: s.URL(), Records: t.TempDir()}).Bucket("apps").Get(ctx, "hello")
	wantNoRecords(t, err, "password", "--data-dir")
}

// open connects to a bus over TCP.
func open(t *testing.T, o bus.Options) *bus.Bus {
	t.Helper()
	b := bus.New(o)
	if err := b.Open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if err := b.Connected(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b
}

func wantNoRecords(t *testing.T, err error, says, hints string) {
	t.Helper()
	wrong, ok := errors.AsType[*bus.NoRecordsError](err)
	if !ok || !strings.Contains(err.Error(), says) || !strings.Contains(wrong.Hint(), hints) {
		t.Errorf("error = %v, want a NoRecordsError that says %q and hints at %q", err, says, hints)
	}
}

func TestRecordsSurviveARestartOfTheBus(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dir := t.TempDir()
	first := bus.ServerConfig{Records: dir}
	s, stop := run(t, first)
	b := open(t, bus.Options{URL: s.URL(), Records: dir})
	rev, err := b.Bucket("apps").Create(ctx, "hello", []byte("1"))
	if err != nil {
		t.Fatal(err)
	}
	port := 0
	if _, err := fmt.Sscanf(s.URL(), "nats://127.0.0.1:%d", &port); err != nil {
		t.Fatal(err)
	}
	stop()
	run(t, bus.ServerConfig{Records: dir, Port: port})
	testkit.Eventually(t, 20*time.Second, "the record can be read again", func() bool {
		soon, cancel := context.WithTimeout(ctx, time.Second) // a request that the old server took with it gets no answer
		defer cancel()
		e, err := b.Bucket("apps").Get(soon, "hello")
		return err == nil && e.Revision == rev
	})
	if _, err := b.Bucket("apps").Update(ctx, "hello", []byte("2"), rev); err != nil {
		t.Errorf("update after the restart: %v", err)
	}
}

// run starts a server that the test may stop.
func run(t *testing.T, cfg bus.ServerConfig) (s *bus.Server, stop func()) {
	t.Helper()
	s, err := bus.NewServer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	up, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- s.Run(ctx, func() { close(up) }) }()
	select {
	case <-up:
	case err := <-ended:
		t.Fatalf("the bus did not start: %v", err)
	}
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the bus stopped with %v", err)
		}
	})
	t.Cleanup(stop)
	return s, stop
}

// Somebody else's NATS keeps the records where its URL leads, if it keeps anything.
func TestForeignBusKeepsRecordsWhenItHasJetStream(t *testing.T) {
	t.Parallel()
	with := foreign(t, &server.Options{JetStream: true, StoreDir: t.TempDir(), JetStreamMaxStore: 1 << 20, JetStreamMaxMemory: 1 << 20})
	b := open(t, bus.Options{URL: with}).Bucket("apps")
	if _, err := b.Create(t.Context(), "hello", []byte("1")); err != nil {
		t.Error(err)
	}
	if e, err := b.Get(t.Context(), "hello"); err != nil || string(e.Value) != "1" {
		t.Errorf("the record is %q, %v, want 1", e.Value, err)
	}
	_, err := open(t, bus.Options{URL: foreign(t, &server.Options{})}).Bucket("apps").Get(t.Context(), "hello")
	wantNoRecords(t, err, "no JetStream", "nats-server -js")
}

// foreign starts a NATS that is not minicf's.
func foreign(t *testing.T, o *server.Options) (url string) {
	t.Helper()
	o.Host, o.Port, o.NoSigs, o.NoLog = "127.0.0.1", server.RANDOM_PORT, true, true
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the foreign NATS did not start")
	}
	return s.ClientURL()
}

func TestBusWithoutRecordsSaysSo(t *testing.T) {
	t.Parallel()
	_, err := bustest.New(t).Bucket("apps").List(t.Context())
	wantNoRecords(t, err, "without records", "nats.yml")
	away := bus.New(bus.Options{URL: "nats://127.0.0.1:1"})
	if err := away.Open(); err != nil {
		t.Fatal(err)
	}
	defer away.Close()
	_, err = away.Bucket("apps").Get(t.Context(), "hello")
	wantNoRecords(t, err, "away", "minicf up")
}

// What people do with telnet on the bus needs no CONNECT, as before.
func TestBusWithRecordsTalksToTelnet(t *testing.T) {
	t.Parallel()
	s := bustest.Start(t, bus.ServerConfig{Records: t.TempDir()})
	c, r := dial(t, s.URL())
	fmt.Fprint(c, "SUB dea.locate 1\r\nPING\r\n")
	for {
		line, err := r.ReadString('\n')
		if err != nil || strings.HasPrefix(line, "-ERR") {
			t.Fatalf("the bus said %q, %v", line, err)
		}
		if strings.HasPrefix(line, "INFO") && strings.Contains(line, "auth_required") {
			t.Errorf("the bus asks for a password: %s", line)
		}
		if line == "PONG\r\n" {
			return
		}
	}
}

func dial(t *testing.T, url string) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.DialTimeout("tcp", strings.TrimPrefix(url, "nats://"), 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, bufio.NewReader(c)
}

func TestBusWithRecordsStartsWithoutAWarning(t *testing.T) {
	t.Parallel()
	var logged bytes.Buffer
	log := slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelWarn}))
	_, stop := run(t, bus.ServerConfig{Records: t.TempDir(), Log: log})
	stop()
	if logged.Len() > 0 {
		t.Errorf("logged %s", logged.String())
	}
}
