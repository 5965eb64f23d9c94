package mongotest

import (
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Plan is how a server would run a query.
type Plan struct {
	// Indexes are the first fields of the indexes that it would walk.
	Indexes []string
	// Scans says that it would read the whole collection; Sorts, that it would sort what it finds.
	Scans, Sorts bool
}

// Explain asks the server of a URI (URI's) how it would run a query of a service's database. The embedded engine has no
// answer to that.
func Explain(t testing.TB, uri, service, collection string, filter, sort bson.D, limit int64) Plan {
	t.Helper()
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatalf("connecting: %v", err)
	}
	defer func() { _ = client.Disconnect(t.Context()) }()
	_, rest, _ := strings.Cut(uri, "://")
	_, path, _ := strings.Cut(rest, "/")
	prefix, _, _ := strings.Cut(path, "?")
	find := bson.D{{Key: "find", Value: collection}, {Key: "filter", Value: filter}, {Key: "sort", Value: sort}, {Key: "limit", Value: limit}}
	var answer struct {
		Planner struct {
			Winning bson.Raw `bson:"winningPlan"`
		} `bson:"queryPlanner"`
	}
	command := bson.D{{Key: "explain", Value: find}, {Key: "verbosity", Value: "queryPlanner"}}
	if err := client.Database(prefix+"_"+service).RunCommand(t.Context(), command).Decode(&answer); err != nil {
		t.Fatalf("explaining: %v", err)
	}
	var plan Plan
	plan.add(answer.Planner.Winning)
	return plan
}

// add adds a stage of a plan, and those that it takes its documents from.
func (p *Plan) add(stage bson.Raw) {
	elements, err := stage.Elements()
	if err != nil {
		return
	}
	for _, element := range elements {
		value := element.Value()
		switch {
		case element.Key() == "stage":
			switch name, _ := value.StringValueOK(); name {
			case "COLLSCAN":
				p.Scans = true
			case "SORT":
				p.Sorts = true
			case "IDHACK", "EXPRESS_IXSCAN", "EXPRESS_CLUSTERED_IXSCAN":
				p.Indexes = append(p.Indexes, "_id")
			}
		case element.Key() == "keyPattern":
			if keys, ok := value.DocumentOK(); ok {
				if first, err := keys.IndexErr(0); err == nil {
					p.Indexes = append(p.Indexes, first.Key())
				}
			}
		default:
			p.addNested(value)
		}
	}
}

// addNested adds the stages in a value.
func (p *Plan) addNested(value bson.RawValue) {
	if document, ok := value.DocumentOK(); ok {
		p.add(document)
	}
	array, ok := value.ArrayOK()
	if !ok {
		return
	}
	values, err := array.Values()
	if err != nil {
		return
	}
	for _, v := range values {
		p.addNested(v)
	}
}
