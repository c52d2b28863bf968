package dea

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
)

var update = flag.Bool("update", false, "write docs/dea-states.md")

// statesPage is what people read of the table of transitions.
const statesPage = "../docs/dea-states.md"

func TestPageOfStatesSaysWhatTheTableSays(t *testing.T) {
	t.Parallel()
	want := statesText()
	if *update {
		if err := os.WriteFile(filepath.FromSlash(statesPage), []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(filepath.FromSlash(statesPage))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("docs/dea-states.md is not what state.go says; `go test ./dea -run PageOfStates -update` writes it:\n%s", want)
	}
}

func TestInstanceMakesOnlyTheStepsOfTheTable(t *testing.T) {
	t.Parallel()
	states := []protocol.State{born, protocol.Starting, protocol.Running, protocol.Stopped, protocol.Crashed, protocol.Deleted, gone}
	for _, from := range states {
		for _, to := range states {
			d := &DEA{log: testkit.Logger(t), ledger: newLedger()}
			in := &instance{state: from}
			legal := slices.ContainsFunc(transitions(), func(step transition) bool { return step.from == from && step.to == to })
			if d.move(in, to, protocol.ExitCrashed) != legal {
				t.Errorf("the step from %s to %s: made = %v", shownState(from), shownState(to), !legal)
			}
			if want := map[bool]protocol.State{true: to, false: from}[legal]; in.state != want {
				t.Errorf("after the step from %s to %s the state is %s", shownState(from), shownState(to), shownState(in.state))
			}
		}
	}
}

// statesText is docs/dea-states.md.
func statesText() string {
	var b strings.Builder
	b.WriteString(`<!-- Written by go test ./dea -run PageOfStates -update, from the table in dea/state.go: change that. -->

# The life of an instance on the DEA

` + "```mermaid\nstateDiagram-v2\n    [*] --> born\n    gone --> [*]\n")
	for _, t := range transitions() {
		fmt.Fprintf(&b, "    %s --> %s", shownState(t.from), shownState(t.to))
		if len(t.tell) > 0 {
			fmt.Fprintf(&b, ": %s", heard(t.tell))
		}
		b.WriteByte('\n')
	}
	b.WriteString("```" + `

Only these steps are possible; ` + "`DEA.move` in `dea/state.go`" + ` makes no other.

| from | to | who or what brings it about | the bus hears, in this order |
|---|---|---|---|
`)
	for _, t := range transitions() {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", shownState(t.from), shownState(t.to), t.by, heard(t.tell))
	}
	b.WriteString(`
- ` + "`born` and `gone`" + ` never travel: nobody was told of the one, and of the other nothing is left. A start that is refused says nothing.
- Memory is reserved with the step to STARTING and given back when the last process has ended; each time a dea.advertise tells what is left.
- The dea.heartbeat of the step to RUNNING names this one instance; the periodic one names all that start, run or have crashed.
- droplet.exited says why: CRASHED; STOPPED after a dea.stop; DEA_SHUTDOWN after SIGTERM; DEA_EVACUATION after SIGUSR2.
- After SIGUSR2 an instance that runs stays RUNNING for evacuation_delay: its droplet.exited comes at once, its router.unregister at the end.
- An instance without URIs says nothing to the router.
- A step is on the disk before the bus hears of it. What a killed DEA had not said yet, the next one says.
`)
	return b.String()
}

func shownState(s protocol.State) string {
	if s == born {
		return "born"
	}
	return string(s)
}

func heard(messages []message) string {
	var subjects []string
	for _, m := range messages {
		subjects = append(subjects, m.subject)
	}
	if subjects == nil {
		return "nothing"
	}
	return strings.Join(subjects, ", ")
}
