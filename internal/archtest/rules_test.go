package archtest

// components are the parts that meet only on the bus and over HTTP.
var components = []string{"./controller", "./stager", "./dea", "./router", "./healthmanager", "./dashboard"}

// onlyRules say who alone may import something.
var onlyRules = []onlyRule{
	{
		what: []string{"github.com/nats-io/..."},
		by:   []string{"./bus/..."}, tests: true,
		why: "only bus knows NATS, so that everything else reads without knowing it and the transport can change in one place",
	},
	{
		what: []string{"./sandbox/..."},
		by:   []string{"./cmd/minicf", "./story/...", "./sandbox/..."},
		why:  "sandbox is the wiring; what is wired must not know it",
	},
	{
		what: []string{"./internal/lifecycle"},
		by:   []string{"./sandbox/...", "./cmd/minicf", "./internal/lifecycle"},
		why:  "components satisfy the contract by their shape, so that the same one runs alone, in a group and in a test",
	},
	{
		what: []string{"text/template", "html/template"},
		by:   nil, // nor cobra's Set…Template, which bring it in
		why:  "a template may call any method by its name, so that the linker keeps them all: 3 MB more of each minicf in memory",
	},
	{
		what: []string{"os/exec"},
		by: []string{
			"./cmd/minicf",            // doctor runs the package manager
			"./story/...",             // so does the demo
			"./runtimes",              // checks the version of an executable
			"./stager",                // owns the runner that is handed to plugins
			"./stager/install/...",    // owns gem, npm and their like
			"./dea/isolation/process", // runs the apps
			"./dea/isolation/cgroup",  // starts what runs them, in a group
		},
		why: "a process that is started must be waited for and killed with its group; a few places that do it well are enough",
	},
	{
		what: []string{"github.com/landlock-lsm/..."},
		by:   []string{"./internal/confine"},
		why:  "how a program gives up its rights is decided once, for the instances of the DEA and the tools of the stager alike",
	},
	{
		what: []string{"github.com/spf13/cobra", "github.com/spf13/pflag"},
		by:   []string{"./cmd/minicf"},
		why:  "the command line is one way to use the platform; everything else must work without it",
	},
	{
		what: []string{"./cmd/..."},
		by:   []string{"./cmd/..."},
		why:  "commands are thin: what others need of them belongs in a package of its own",
	},
	{
		what: []string{"./controller/...", "./stager/...", "./dea/...", "./router/...", "./healthmanager/...", "./dashboard/..."},
		by: []string{
			"./controller/...", "./stager/...", "./dea/...", "./router/...", "./healthmanager/...", "./dashboard/...", // each itself, see neverRules
			"./sandbox/...", "./cmd/minicf",
			"./examples/isolation/...", // a backend to copy
		},
		why: "everyone but the wiring sees components from outside, on the bus and over HTTP: that is why any of them can be replaced",
	},
}

// closedRules say all that somebody may import, beside its own folder.
var closedRules = []closedRule{
	{
		who: []string{"./protocol/..."}, may: []string{"std"},
		why: "what travels on the bus must be readable on its own",
	},
	{
		who: []string{"./droplet/..."}, may: []string{"std", "github.com/klauspost/compress/..."},
		why: "the artefact must be readable on its own; it is compression and the standard library",
	},
	{
		who: []string{"./framework/...", "./runtimes/..."}, may: []string{"std", "github.com/goccy/go-yaml/...", "./protocol", "./config"},
		why: "they are leaves that the controller, the stager, the DEA and the commands share; config holds their manifests and is a leaf itself",
	},
	{
		who: []string{"./bus/..."}, may: []string{"std", "github.com/nats-io/...", "./protocol", "./internal/..."},
		why: "the bus carries messages and knows nobody who sends them",
	},
	{
		who: []string{"./client/..."}, may: []string{"std", "./bus", "./protocol", "./droplet", "./framework", "./runtimes"},
		why: "a client asks over the bus and HTTP, like anybody's program",
	},
	{
		who: []string{"./conform/..."}, may: []string{"std", "./bus", "./protocol", "./client", "./droplet"},
		why: "the conformance kit sees components only from outside, or it could not test anybody else's",
	},
	{
		who: []string{"./controller/v3"}, may: []string{
			"std", "github.com/go-chi/chi/v5", "github.com/goccy/go-yaml", "./bus", "./client", "./config", "./framework",
			"./controller/bits", "./controller/records", "./controller/resources", "./controller/uaa",
		},
		why: "the CF API is a front: what moves on the bus it knows as Platform, which the controller is",
	},
	{
		who: []string{"./controller/uaa"}, may: []string{"std", "./bus", "./config"},
		why: "who somebody is depends on a file and a key, and on nothing that the controller does",
	},
	{
		who: []string{"./controller/logcache"}, may: []string{"std", "github.com/go-chi/chi/v5", "./bus", "./client", "./protocol"},
		why: "the log is made of what anybody can hear on the bus and read at a DEA's file viewer",
	},
	{
		who: []string{"./controller/records"}, may: []string{"std", "./bus"},
		why: "records of any type are kept in the same way",
	},
	{
		who: []string{"./controller/bits", "./controller/resources"}, may: []string{"std", "./config", "./droplet", "./controller/bits"},
		why: "files are kept for whoever has an id for them: neither apps nor the bus have a meaning there",
	},
	{
		who: []string{"./config/..."}, may: []string{"std", "github.com/goccy/go-yaml/...", "golang.org/x/sys/unix", "./internal/vcaplog"},
		why: "every component imports config; whatever it imported they would all import",
	},
	{
		who: []string{"./internal/lifecycle"}, may: []string{"std"},
		why: "how parts start and stop does not depend on which parts they are",
	},
	{
		who: []string{"./internal/..."}, may: []string{"std", "github.com/...", "golang.org/...", "./internal/...", "./protocol"},
		why: "internal packages serve the others and so know none of them",
	},
}

// neverRules say what somebody may not import, not even through packages of this module in between.
var neverRules = append(siblings(),
	neverRule{
		who:  []string{"./stager/plugin/..."},
		what: []string{"./bus/...", "./client/...", "net", "net/http/...", "os/exec"},
		why:  "plugins turn files into files; tools, the clock and the platform's settings are handed to them, so their tests need no Ruby",
	},
	neverRule{
		who:  []string{"./stager/plugin/..."},
		what: []string{"./config/..."}, direct: true,
		why: "what an operator configured is handed to plugins; only the framework's manifests, which are built in, reach them another way",
	},
	neverRule{
		who:  []string{"./dea/isolation/..."},
		what: []string{"./protocol/...", "./bus/...", "./droplet/...", "./config/..."},
		why:  "an isolation backend runs processes and never sees a message",
	},
	neverRule{
		who:  []string{"./story/...", "./conform/...", "./lesson/..."},
		what: []string{"./stager/plugin/..."}, direct: true,
		why: "stories see the platform as its users do",
	},
)

// siblings makes one rule for each component.
func siblings() []neverRule {
	var rules []neverRule
	for _, c := range components {
		var others []string
		for _, o := range components {
			if o != c {
				others = append(others, o+"/...")
			}
		}
		rules = append(rules, neverRule{
			who: []string{c + "/..."}, what: others, tests: true,
			why: "a component never imports another: that is why one process and many are the same program, and why the DEA can be somebody's prototype",
		})
	}
	return rules
}
