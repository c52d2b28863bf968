package bus_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/protocol"
)

func TestMessageReachesEverySubscriber(t *testing.T) {
	t.Parallel()
	s := bustest.NewServer(t)
	a, b := bustest.Join(t, s), bustest.Join(t, s)
	got := make(chan protocol.StopRequest, 2)
	for _, member := range []*bus.Bus{a, b} {
		if _, err := bus.Subscribe(member, protocol.DEAStop, func(r protocol.StopRequest) { got <- r }); err != nil {
			t.Fatal(err)
		}
		if err := member.Connected(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := bus.Publish(a, protocol.DEAStop, protocol.StopRequest{Droplet: "hello"}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if r := <-got; r.Droplet != "hello" {
			t.Errorf("droplet = %q, want hello", r.Droplet)
		}
	}
}

func TestOneMemberOfAQueueGroupServesARequest(t *testing.T) {
	t.Parallel()
	s := bustest.NewServer(t)
	client := bustest.Join(t, s)
	var served sync.Map
	for i := range 3 {
		member := bustest.Join(t, s)
		_, err := bus.Serve(member, protocol.Staging, "staging", func(r bus.Request[protocol.StagingReply]) {
			served.Store(string(r.Payload), i)
			r.Reply(protocol.StagingReply{TaskID: strconv.Itoa(i)})
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := member.Connected(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		rep, err := bus.Do(t.Context(), client, protocol.Staging, protocol.StagingRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if rep.TaskID == "" {
			t.Error("the reply has no task id")
		}
	}
}

func TestRequestWithoutListenerFailsAtOnce(t *testing.T) {
	t.Parallel()
	b := bustest.New(t)
	_, err := bus.Do(t.Context(), b, protocol.Staging, protocol.StagingRequest{})
	if !errors.Is(err, bus.ErrNobody) {
		t.Fatalf("error = %v, want ErrNobody", err)
	}
	var hinted interface{ Hint() string }
	if !errors.As(err, &hinted) || !strings.Contains(hinted.Hint(), "staging") {
		t.Errorf("error %v does not say what to do", err)
	}
}

func TestMessagesOfDifferentSubjectsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	s := bustest.NewServer(t)
	listening, sending := bustest.Join(t, s), bustest.Join(t, s)
	const rounds = 1000
	got := make(chan string, 2*rounds)
	for _, subject := range []protocol.Subject[string]{"a", "b"} {
		if _, err := bus.Subscribe(listening, subject, func(v string) { got <- v }); err != nil {
			t.Fatal(err)
		}
	}
	if err := listening.Connected(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range rounds {
		for _, subject := range []protocol.Subject[string]{"a", "b"} {
			if err := bus.Publish(sending, subject, subject.String()+strconv.Itoa(i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range rounds {
		for _, subject := range []string{"a", "b"} {
			if v := <-got; v != subject+strconv.Itoa(i) {
				t.Fatalf("message %s came where %s%d was sent", v, subject, i)
			}
		}
	}
}

func TestCloseLetsHandlersSayTheirLast(t *testing.T) {
	t.Parallel()
	s := bustest.NewServer(t)
	listening := bustest.Join(t, s)
	last := make(chan string, 1)
	if _, err := bus.Subscribe(listening, protocol.Subject[string]("answer"), func(v string) { last <- v }); err != nil {
		t.Fatal(err)
	}
	if err := listening.Connected(t.Context()); err != nil {
		t.Fatal(err)
	}
	leaving := bus.New(bus.Options{Server: s})
	if err := leaving.Open(); err != nil {
		t.Fatal(err)
	}
	began, goOn := make(chan struct{}), make(chan struct{})
	_, err := bus.Subscribe(leaving, protocol.Subject[string]("question"), func(string) {
		close(began)
		<-goOn
		if err := bus.Publish(leaving, "answer", "bye"); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := bus.Publish(leaving, protocol.Subject[string]("question"), "well?"); err != nil {
		t.Fatal(err)
	}
	<-began
	closed := make(chan error, 1)
	go func() { closed <- leaving.Close() }()
	close(goOn)
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if v := <-last; v != "bye" {
		t.Errorf("last word = %q", v)
	}
}

func TestDrainedSubscriptionHandlesWhatHasArrived(t *testing.T) {
	t.Parallel()
	b := bustest.New(t)
	var handled int
	sub, err := bus.Subscribe(b, protocol.Subject[int]("n"), func(int) { handled++ })
	if err != nil {
		t.Fatal(err)
	}
	fence := make(chan struct{})
	if _, err := bus.Subscribe(b, protocol.Subject[int]("fence"), func(int) { close(fence) }); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if err := bus.Publish(b, "n", 1); err != nil {
			t.Fatal(err)
		}
	}
	if err := bus.Publish(b, "fence", 1); err != nil {
		t.Fatal(err)
	}
	<-fence
	if err := sub.Drain(t.Context()); err != nil || handled != 100 {
		t.Errorf("handled %d of 100, %v", handled, err)
	}
}

func TestSilentListenerIsNoAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := bustest.New(t)
		if _, err := bus.Answer(b, protocol.DEADiscover, func(protocol.DiscoverRequest, func(protocol.DEAHello)) {}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if _, err := bus.Do(ctx, b, protocol.DEADiscover, protocol.DiscoverRequest{}); !errors.Is(err, bus.ErrNoAnswer) {
			t.Errorf("error = %v, want ErrNoAnswer", err)
		}
	})
}

func TestGatherCollectsUntilTheLimitOrTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := bustest.NewServer(t)
		asking := bustest.Join(t, s)
		for range 3 {
			dea := bustest.Join(t, s)
			_, err := bus.Answer(dea, protocol.DEAStatus, func(_ protocol.Ignored, reply func(protocol.DEAStatusReply)) {
				reply(protocol.DEAStatusReply{NumClients: 1})
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := dea.Connected(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		all, err := bus.Gather(ctx, asking, protocol.DEAStatus, protocol.Ignored{}, 3)
		if err != nil || len(all) != 3 {
			t.Fatalf("answers = %v, %v, want 3", all, err)
		}
		if waited := time.Since(start); waited != 0 {
			t.Errorf("three of three answers took %v, want no waiting", waited)
		}
		if all, _ = bus.Gather(ctx, asking, protocol.DEAStatus, protocol.Ignored{}, 0); len(all) != 3 {
			t.Errorf("answers without a limit = %d, want 3", len(all))
		}
		if waited := time.Since(start); waited != time.Second {
			t.Errorf("without a limit it waited %v, want the whole second", waited)
		}
	})
}

func TestGatherFromNobodyIsEmptyAtOnce(t *testing.T) {
	t.Parallel()
	b := bustest.New(t)
	all, err := bus.Gather(t.Context(), b, protocol.DEAStatus, protocol.Ignored{}, 0)
	if err != nil || len(all) != 0 {
		t.Errorf("answers = %v, %v, want none and no error", all, err)
	}
}

func TestGarbageIsLoggedByHashCountedAndDropped(t *testing.T) {
	t.Parallel()
	s := bustest.NewServer(t)
	var logged bytes.Buffer
	b := bus.New(bus.Options{Server: s, Log: slog.New(slog.NewTextHandler(&logged, nil))})
	if err := b.Open(); err != nil {
		t.Fatal(err)
	}
	got := make(chan protocol.ID, 1)
	if _, err := bus.Subscribe(b, protocol.DEAStop, func(r protocol.StopRequest) { got <- r.Droplet }); err != nil {
		t.Fatal(err)
	}
	garbage := []string{"", "null", "{", "[]", `"x"`, `{"droplet":{}}`, `{"droplet":1,"indices":"many"}`, `{"password":"hunter2"`, "\xff\xfe"}
	for _, g := range garbage {
		if err := b.PublishRaw("dea.stop", "", []byte(g)); err != nil {
			t.Fatal(err)
		}
	}
	if err := bus.Publish(b, protocol.DEAStop, protocol.StopRequest{Droplet: "after"}); err != nil {
		t.Fatal(err)
	}
	if d := <-got; d != "after" {
		t.Errorf("first message handled is %q, want the good one", d)
	}
	if n := b.Dropped(); n != int64(len(garbage)) {
		t.Errorf("dropped = %d, want %d", n, len(garbage))
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	log := logged.String()
	if !strings.Contains(log, "subject=dea.stop") || !strings.Contains(log, "sha256=") {
		t.Errorf("log does not name subject and hash:\n%s", log)
	}
	if !strings.Contains(log, "{ indices => Expected instance of Array, given instance of String }") || strings.Contains(log, "Go ") {
		t.Errorf("log does not name the wrong key in plain words:\n%s", log)
	}
	if strings.Contains(log, "hunter2") {
		t.Errorf("log shows the payload:\n%s", log)
	}
}

func TestTakenPortIsAnError(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, err := bus.NewServer(bus.ServerConfig{Port: l.Addr().(*net.TCPAddr).Port})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context(), func() { t.Error("ready on a taken port") }); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("error = %v, want one that says the address is in use", err)
	}
}

// A component may start long before the bus, and outlive it.
func TestBusComesLateAndComesBack(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()

	b := bus.New(bus.Options{URL: "nats://127.0.0.1:" + strconv.Itoa(port)})
	if err := b.Open(); err != nil {
		t.Fatal(err)
	}
	got := make(chan protocol.Route, 10)
	if _, err := bus.Subscribe(b, protocol.RouterRegister, func(r protocol.Route) { got <- r }); err != nil {
		t.Fatal(err)
	}
	back := make(chan struct{}, 1)
	defer b.OnReconnect(func() { back <- struct{}{} })()

	for round := range 2 {
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		up := make(chan struct{})
		s, err := bus.NewServer(bus.ServerConfig{Port: port})
		if err != nil {
			t.Fatal(err)
		}
		go func() { ended <- s.Run(ctx, func() { close(up) }) }()
		<-up
		if err := b.Connected(t.Context()); err != nil {
			t.Fatal(err)
		}
		if round == 1 {
			<-back
		}
		if err := bus.Publish(b, protocol.RouterRegister, protocol.Route{Host: "127.0.0.1"}); err != nil {
			t.Fatal(err)
		}
		<-got
		stop()
		if err := <-ended; err != nil {
			t.Errorf("server stopped with %v", err)
		}
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

func TestOnceEndsWithTheServer(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	s, err := bus.NewServer(bus.ServerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	up, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- s.Run(ctx, func() { close(up) }) }()
	<-up
	b := bus.New(bus.Options{URL: s.URL(), Once: true})
	if err := b.Open(); err != nil {
		t.Fatal(err)
	}
	work, end := b.WhileUp(t.Context())
	defer end()
	if err := work.Err(); err != nil {
		t.Fatalf("work on a bus that is there ends with %v", err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	<-work.Done()
	if _, ok := errors.AsType[*bus.UnreachableError](context.Cause(work)); !ok {
		t.Errorf("the cause is %v, want an UnreachableError", context.Cause(work))
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

func TestWorkMayEndBeforeTheBus(t *testing.T) {
	t.Parallel()
	work, end := bustest.New(t).WhileUp(t.Context())
	end()
	if cause := context.Cause(work); !errors.Is(cause, context.Canceled) {
		t.Errorf("the cause is %v, want context.Canceled", cause)
	}
}

func TestWaitingForTheBusIsSaid(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	b := bus.New(bus.Options{URL: "nats://user:hunter2@127.0.0.1:1", Log: slog.New(slog.NewTextHandler(&out, nil))})
	if err := b.Open(); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if got := out.String(); !strings.Contains(got, `msg="waiting for the bus" url=nats://user:xxxxx@127.0.0.1:1`) {
		t.Errorf("the log says %q", got)
	}
}

func TestOnceFailsWithoutAServer(t *testing.T) {
	t.Parallel()
	b := bus.New(bus.Options{URL: "nats://user:hunter2@127.0.0.1:1", Once: true})
	err := b.Open()
	if _, ok := errors.AsType[*bus.UnreachableError](err); !ok {
		t.Fatalf("error = %v, want an UnreachableError", err)
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error %q shows the password", err)
	}
}

func TestMaskHidesSecretsOnly(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"name":"x","credentials":["u","p"]}`:        `{"credentials":"***","name":"x"}`,
		`{"z":1,"a":"plain"}`:                         `{"z":1,"a":"plain"}`,
		`{"uri":"http://u:p@h/x"}`:                    `{"uri":"http://u:***@h/x"}`,
		`{"env":["DB_PASSWORD=x","COLOR=blue"]}`:      `{"env":["DB_PASSWORD=***","COLOR=blue"]}`,
		`{"uri":"http://u:p@ss@h/x"}`:                 `{"uri":"http://u:***@h/x"}`,
		`{"env":["DB_PASS=x","PASSENGERS=2"]}`:        `{"env":["DB_PASS=***","PASSENGERS=2"]}`,
		`garbage with http://u:p@h`:                   `garbage with http://u:***@h`,
		`{"services":[{"credentials":{"user":"u"}}]}`: `{"services":[{"credentials":"***"}]}`,
	} {
		if got := string(bus.Mask([]byte(in))); got != want {
			t.Errorf("Mask(%s) = %s, want %s", in, got, want)
		}
	}
}

func TestPayloadsAreWrittenWithoutEscapes(t *testing.T) {
	t.Parallel()
	b := bustest.New(t)
	got := make(chan string, 1)
	if _, err := b.Tap("staging", func(m bus.Message) { got <- string(m.Payload) }); err != nil {
		t.Fatal(err)
	}
	if err := bus.Publish(b, protocol.Subject[map[string]string]("staging"), map[string]string{"a": "<&>"}); err != nil {
		t.Fatal(err)
	}
	if m := <-got; m != `{"a":"<&>"}` {
		t.Errorf("on the wire: %s, want it as Ruby wrote it", m)
	}
}

func BenchmarkRoundTrip(b *testing.B) {
	s := bustest.NewServer(b)
	server, client := bustest.Join(b, s), bustest.Join(b, s)
	_, err := bus.Answer(server, protocol.DEAStatus, func(_ protocol.Ignored, reply func(protocol.DEAStatusReply)) {
		reply(protocol.DEAStatusReply{MaxMemory: 4096})
	})
	if err != nil {
		b.Fatal(err)
	}
	if err := server.Connected(b.Context()); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := bus.Do(b.Context(), client, protocol.DEAStatus, protocol.Ignored{}); err != nil {
			b.Fatal(err)
		}
	}
}
