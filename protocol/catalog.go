package protocol

import "reflect"

// Entry describes one subject of the bus for people: `minicf subjects` and the documentation are made from it.
type Entry struct {
	Subject    string       `json:"subject"` // "<id>" stands for a DEA's id, "<partition>" for a cloud controller's
	Request    bool         `json:"request"` // whether anyone may answer
	From       string       `json:"from"`
	To         string       `json:"to"`
	When       string       `json:"when"`
	About      string       `json:"about"`
	Payload    reflect.Type `json:"-"`
	Reply      reflect.Type `json:"-"` // nil when nobody answers
	QueueGroup string       `json:"queue_group,omitempty"`
}

// Catalog lists every subject in the order of the story: an app is staged, a DEA is found, an instance runs and is routed to.
func Catalog() []Entry {
	return []Entry{
		called(ComponentDiscover, Entry{
			From: "anyone", To: "every component", When: "on demand",
			About: "Who is there? Each component answers with its type, its id and where its /varz and /healthz are.",
		}),
		sent(ComponentAnnounce, Entry{
			From: "every component", To: "monitoring tools", When: "once, at start",
			About: "A component introduces itself.",
		}),
		called(Staging, Entry{
			From: "cloud controller", To: "one stager", When: "an app must become a droplet", QueueGroup: "staging",
			About: "Download the app, let the framework's plugin write startup and stop, pack a droplet, upload it. One stager of the queue group answers, once.",
		}),
		sent(AppLog, Entry{
			From: "stager, anyone", To: "cloud controller", When: "a line is logged",
			About: "A line of an app's log, for `cf logs`. minicf's own: in 2012 there was none, and who does not send it misses nothing else.",
		}),
		sent(DEAStarted, Entry{
			From: "DEA", To: "anyone", When: "once, after recovery", About: "A DEA says hello.",
		}),
		sent(DEAAdvertise, Entry{
			From: "DEA", To: "cloud controller", When: "at start, every 5 s, on dea.locate, when its room changes",
			About: "How much memory a DEA has left and which runtimes it serves. A full DEA is silent.",
		}),
		sent(DEALocate, Entry{
			From: "cloud controller", To: "every DEA", When: "at the cloud controller's start", About: "Advertise now.",
		}),
		sent(DEAShutdown, Entry{
			From: "DEA", To: "cloud controller", When: "once, before it stops or evacuates",
			About: "A DEA says goodbye, with the number of instances of each app that need another place.",
		}),
		called(DEADiscover, Entry{
			From: "cloud controller", To: "every DEA", When: "an instance needs a place",
			About: "Who can run this? The busier a DEA, the later it answers (0–250 ms); the first answer wins.",
		}),
		sent(Subject[StartRequest]("dea.<id>.start"), Entry{
			From: "cloud controller", To: "that DEA", When: "a place was found",
			About: "Run this instance. Nobody answers; watch dea.heartbeat, router.register and droplet.exited.",
		}),
		sent(DEAStop, Entry{
			From: "cloud controller", To: "every DEA", When: "an app or some of its instances must go",
			About: "Stop the instances that fit all of the filters.",
		}),
		sent(DEAUpdate, Entry{
			From: "cloud controller", To: "every DEA", When: "an app's URIs change",
			About: "The instances of this app serve these URIs from now on.",
		}),
		called(DEAFindDroplet, Entry{
			From: "cloud controller", To: "every DEA", When: "somebody wants to see instances, their figures or their files",
			About: "Where are the instances that fit all of the filters? One answer for each.",
		}),
		called(DEAStatus, Entry{
			From: "anyone", To: "every DEA", When: "on demand", About: "A DEA's memory and number of instances.",
		}),
		called(DropletStatus, Entry{
			From: "anyone", To: "every DEA", When: "on demand", About: "Figures of each instance that starts or runs.",
		}),
		sent(DEAHeartbeat, Entry{
			From: "DEA", To: "health manager", When: "every 10 s, when an instance starts running, on healthmanager.start",
			About: "The instances a DEA has, and their states.",
		}),
		sent(HealthManagerStart, Entry{
			From: "health manager", To: "every DEA", When: "at the health manager's start", About: "Send a heartbeat now.",
		}),
		sent(DropletExited, Entry{
			From: "DEA", To: "health manager", When: "an instance is gone",
			About: "Why it went: CRASHED, STOPPED, DEA_SHUTDOWN or DEA_EVACUATION.",
		}),
		sent(DropletUpdated, Entry{
			From: "cloud controller", To: "health manager", When: "an app is started, stopped, scaled or deleted",
			About: "Another number of instances is wanted of this app: ask me.",
		}),
		sent(Subject[HMRequest]("cloudcontrollers.hm.requests.<partition>"), Entry{
			From: "health manager", To: "one cloud controller", When: "instances are missing, or there are too many", QueueGroup: "cc",
			About: "Start these indices of an app, or stop these instances. Nobody answers.",
		}),
		called(Call[Ignored, Credentials]("cloudcontroller.bulk.credentials.<partition>"), Entry{
			From: "health manager", To: "cloud controller", When: "at the health manager's start, and when its password was refused",
			About: "The password with which all that is wanted can be read over HTTP.",
		}),
		called(HealthManagerHealth, Entry{
			From: "cloud controller", To: "health manager", When: "somebody lists apps", About: "How many instances of these apps run?",
		}),
		called(HealthManagerStatus, Entry{
			From: "cloud controller", To: "health manager", When: "somebody looks at an app",
			About: "Which indices of an app are flapping, which instances have crashed?",
		}),
		called(HealthManagerDroplet, Entry{
			From: "anyone", To: "health manager", When: "on demand", About: "What do you know of these apps?",
		}),
		sent(RouterStart, Entry{
			From: "router", To: "every DEA", When: "at the router's start and every 30 s", About: "Register your routes again.",
		}),
		called(RouterGreet, Entry{
			From: "DEA of 2013, other components", To: "every router", When: "at their start",
			About: "Who routes here, and how often does it want to hear of me? Answered with what router.start says, and more.",
		}),
		sent(RouterRegister, Entry{
			From: "DEA, other components", To: "router", When: "an instance runs, on router.start and on dea.update",
			About: "These URIs are served at this host and port.",
		}),
		sent(RouterUnregister, Entry{
			From: "DEA, other components", To: "router", When: "an instance stops or crashes, and on dea.update",
			About: "These URIs are no longer served there.",
		}),
		sent(RouterActiveApps, Entry{
			From: "router", To: "health manager", When: "every 30 s, where enable_nonprod_apps is set",
			About: "The apps that somebody has used since the last one: JSON that zlib has deflated. Who is in none for long may be stopped.",
		}),
	}
}

func sent[T any](s Subject[T], e Entry) Entry {
	e.Subject, e.Payload = s.String(), reflect.TypeFor[T]()
	return e
}

func called[Req, Rep any](c Call[Req, Rep], e Entry) Entry {
	e.Subject, e.Request = c.String(), true
	e.Payload, e.Reply = reflect.TypeFor[Req](), reflect.TypeFor[Rep]()
	return e
}
