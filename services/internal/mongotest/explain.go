package mongotest

import (
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Plan is a server's plan for a query.
type Plan struct {
	// Indexes are the first fields of the indexes that it uses.
	Indexes []string
	// Scans means that the plan reads the whole collection; Sorts, that it sorts the result.
	Scans, Sorts bool
}

// Explain returns the server's plan for a query in a service's database. The URI comes from URI. The embedded engine
// cannot explain queries.
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

// add adds a stage of a plan, and the stages that it reads from.
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
