package wire_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
)

func TestOnlyObjectsAreParsed(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "null", "[]", "7", "{oops", "{} {}", "{}x"} {
		if o, err := wire.Parse([]byte(text)); err == nil {
			t.Errorf("%q became %v", text, o)
		}
	}
	o, err := wire.Parse([]byte(` {"n":12345678901234567890,"f":1.0,"o":{"k":null},"l":["a"],"os":[{}]} ` + "\n"))
	if err != nil || o.String() != `{"f":1.0,"l":["a"],"n":12345678901234567890,"o":{"k":null},"os":[{}]}` {
		t.Errorf("became %s, %v", o, err)
	}
	if _, isInt := o.Int("f"); isInt {
		t.Error("1.0 is taken for an integer")
	}
	if l, ok := o.Texts("l"); !ok || len(l) != 1 || o.Object("nothing").Text("at all") != "" {
		t.Errorf("l = %v", l)
	}
}

func TestShapeNamesEverythingThatIsWrong(t *testing.T) {
	t.Parallel()
	s := wire.Shape{
		{Key: "gone", Kind: wire.Text()}, {Key: "text", Kind: wire.Int()}, {Key: "good", Kind: wire.Hex(4)}, {Key: "null", Kind: wire.OrNull(wire.Bool())},
	}
	o, err := wire.Parse([]byte(`{"text":"x","good":"01af","null":null,"more":1}`))
	if err != nil {
		t.Fatal(err)
	}
	m, ok := errors.AsType[*suite.Mismatch](s.Check("it", o))
	if !ok || m.Why != `it: gone is missing; text is "x", want an integer` || m.Seen != o.String() || !strings.Contains(m.Expected, "good: 4 hex digits\n") {
		t.Errorf("mismatch = %+v", m)
	}
	if err := s.Check("it", o.With(wire.Object{"gone": "back", "text": o["more"]})); err != nil {
		t.Errorf("what fits is refused: %v", err)
	}
}

func TestKindsTellThingsApart(t *testing.T) {
	t.Parallel()
	inner := wire.Shape{{Key: "a", Kind: wire.Int()}}
	for name, tt := range map[string]struct {
		kind      wire.Kind
		fits, not string
	}{
		"text":     {wire.Text(), `"x"`, `""`},
		"hex":      {wire.Hex(2), `"0f"`, `"0F"`},
		"integer":  {wire.Int(), `1`, `1.5`},
		"number":   {wire.Number(), `1.5`, `"1.5"`},
		"bool":     {wire.Bool(), `false`, `0`},
		"null":     {wire.Null(), `null`, `""`},
		"texts":    {wire.Texts(), `["a"]`, `["a",1]`},
		"a value":  {wire.Is([]int{1}), `[1]`, `["1"]`},
		"decimals": {wire.Is(0.99), `0.99`, `"0.99"`},
		"each":     {wire.Each(inner), `[{"a":1},{"a":2}]`, `[{"a":1},{}]`},
		"of":       {wire.Of(inner), `{"a":1}`, `[]`},
		"or null":  {wire.OrNull(wire.Int()), `null`, `"1"`},
	} {
		for text, want := range map[string]bool{tt.fits: true, tt.not: false} {
			o, err := wire.Parse([]byte(`{"k":` + text + `}`))
			if err != nil {
				t.Fatal(err)
			}
			if got := (wire.Shape{{Key: "k", Kind: tt.kind}}).Check(name, o) == nil; got != want {
				t.Errorf("%s: %s fits: %v, want %v", name, text, got, want)
			}
		}
	}
}

// join listens to a bus that others can join, too.
func join(t *testing.T) (*wire.Wire, *bus.Bus) {
	t.Helper()
	server := bustest.NewServer(t)
	w, err := wire.Join(t.Context(), bustest.Join(t, server))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Leave)
	return w, bustest.Join(t, server)
}

func publish(t *testing.T, b *bus.Bus, subject, payload string) {
	t.Helper()
	if err := b.PublishRaw(subject, "", []byte(payload)); err != nil {
		t.Fatal(err)
	}
}

func TestWhatWasSeenIsRemembered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, other := join(t)
		publish(t, other, "dea.heartbeat", `{"n":1}`)
		publish(t, other, "of.somebody.else", `{"n":2}`)
		publish(t, other, "dea.heartbeat", "{oops")
		synctest.Wait()
		mark := w.Now()
		publish(t, other, "dea.heartbeat", `{"n":3}`)
		synctest.Wait()
		all := func(wire.Message) bool { return true }
		if got := wire.Lines(w.Since(0, all)); got != "dea.heartbeat {\"n\":1}\ndea.heartbeat {oops\ndea.heartbeat {\"n\":3}" {
			t.Errorf("seen:\n%s", got)
		}
		if m, ok := w.Wait(t.Context(), mark, all); !ok || m.Object.String() != `{"n":3}` {
			t.Errorf("waited for %s, %v", m, ok)
		}
		if got := wire.Lines(w.Since(w.Now(), all)); got != "nothing" {
			t.Errorf("seen after now: %s", got)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if m, ok := w.Wait(ctx, w.Now(), all); ok {
			t.Errorf("waited for %s, which is old", m)
		}
	})
}

func TestAnswersAreToldApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, other := join(t)
		_, err := other.Tap("dea.*", func(m bus.Message) {
			for _, text := range []string{`{"to":"` + string(m.Payload[1:2]) + `"}`, `{"again":1}`} {
				publish(t, other, m.Reply, text)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		first, err := w.Ask("dea.status", 10)
		if err != nil {
			t.Fatal(err)
		}
		second, err := w.Ask("dea.status", []byte("?2"))
		if err != nil {
			t.Fatal(err)
		}
		if m, ok := second.Answer(t.Context(), nil); !ok || m.Object.Text("to") != "2" {
			t.Errorf("the second answer is %s", m)
		}
		if m, ok := first.Answer(t.Context(), func(m wire.Message) bool { return m.Object["again"] != nil }); !ok || !first.Has(m) || second.Has(m) {
			t.Errorf("the first answer is %s", m)
		}
		synctest.Wait()
		if got := first.Answers(); len(got) != 2 {
			t.Errorf("answers: %s", wire.Lines(got))
		}
	})
}
