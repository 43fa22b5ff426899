"""Ways of writing a call of AWS in each language. `@` marks what differs from operation to operation.

@package, @client (its class), @all (the class with a method for each operation), @command, @method, @input (a mapping
with the name of the resource), @value (that name), @member (the member that has it); in Go @operation and @pkg.
"""

V3 = 'import { @client, @command } from "@package";\n'
METHODS = 'import { @all } from "@package";\nconst c = new @all({});\n'
V2 = 'const AWS = require("aws-sdk");\nconst c = new AWS.@all();\n'
SCRIPT = {
    "command in place": V3 + "const c = new @client({}); await c.send(new @command(@input));",
    "input is a name": V3 + "const c = new @client({}); const params = @input; c.send(new @command(params));",
    "command is a name": V3 + "const c = new @client({}); const cmd = new @command(@input); await c.send(cmd);",
    "namespace": 'import * as sdk from "@package";\nnew sdk.@client({}).send(new sdk.@command(@input));',
    "default import": 'import sdk from "@package";\nnew sdk.@client({}).send(new sdk.@command(@input));',
    "require": 'const { @client, @command } = require("@package");\nnew @client({}).send(new @command(@input));',
    "require renamed": 'const { @client: C, @command: D } = require("@package");\nnew C({}).send(new D(@input));',
    "require whole": 'const sdk = require("@package");\nnew sdk.@client({}).send(new sdk.@command(@input));',
    "require in two steps": 'const sdk = require("@package");\nconst { @command } = sdk;\nc.send(new @command(@input));',
    "renamed import": 'import { @command as Do } from "@package";\nawait c.send(new Do(@input));',
    "dynamic import": 'const { @client, @command } = await import("@package");\nnew @client({}).send(new @command(@input));',
    "typed import": 'import { type @client, @command } from "@package";\nfunction f(c: @client) { return c.send(new @command(@input)); }',
    "import equals": 'import sdk = require("@package");\nnew sdk.@client({}).send(new sdk.@command(@input));',
    "helper": V3 + "const c = new @client({}); const run = (cmd) => c.send(cmd); run(new @command(@input));",
    "class passed on": V3
    + "const c = new @client({}); function run(K, p) { return c.send(new K(p)); } run(@command, @input);",
    "chosen class": V3 + "const c = new @client({}); const K = flag ? @command : null; c.send(new K(@input));",
    "spread": V3 + 'const c = new @client({}); const base = @input; c.send(new @command({ ...base, More: "x" }));',
    "field set later": V3 + 'const c = new @client({}); const p = {}; p.@member = "@value"; c.send(new @command(p));',
    "constant": V3 + 'const NAME = "@value"; c.send(new @command({ @member: NAME }));',
    "generics": V3 + "const c = new @client({}); await c.send<any, any>(new @command(@input) as any);",
    "comment with quote": V3 + "// don't\n/* it's */ const re = /['\"`{(]/g; c.send(new @command(@input));",
    "template": V3 + "log(`${await c.send(new @command(@input))} done`);",
    "jsx": V3 + "const A = () => <p onClick={() => c.send(new @command(@input))}>Don't</p>;",
    "class field": V3 + "class A { #c = new @client({}); async go() { await this.#c.send(new @command(@input)); } }",
    "v3 method": METHODS + "await c.@method(@input);",
    "v3 method of a field": METHODS
    + "class A { constructor() { this.c = new @all({}); } go() { return this.c.@method(@input); } }",
    "v3 method with a name": METHODS + "const params = @input; await c.@method(params);",
    "v2": V2 + "await c.@method(@input).promise();",
    "v2 with a name": V2 + "const params = @input; const r = await c.@method(params).promise();",
    "v2 callback": V2 + "c.@method(@input, (err, data) => {});",
    "v2 in place": 'const AWS = require("aws-sdk");\nnew AWS.@all().@method(@input).promise();',
    "v2 import": 'import AWS from "aws-sdk";\nconst c = new AWS.@all(); c.@method(@input).promise();',
    "v2 namespace": 'import * as AWS from "aws-sdk";\nconst c = new AWS.@all(); c.@method(@input).promise();',
    "v2 class": 'import { @all } from "aws-sdk";\nconst c = new @all(); c.@method(@input).promise();',
    "v2 destructured": 'const { @all } = require("aws-sdk");\nconst c = new @all(); c.@method(@input).promise();',
    "v2 one package": 'const K = require("aws-sdk/clients/@v2");\nconst c = new K(); c.@method(@input).promise();',
    "v2 member of require": 'const K = require("aws-sdk").@all;\nconst c = new K(); c.@method(@input).promise();',
    "v2 traced": 'const X = require("aws-xray-sdk");\nconst AWS = X.captureAWS(require("aws-sdk"));\nconst c = new AWS.@all(); c.@method(@input).promise();',
    "v2 from a function": V2 + "function get() { return new AWS.@all(); }\nget().@method(@input).promise();",
    "v2 lazy": 'const AWS = require("aws-sdk");\nlet c;\nexports.h = async () => { c = c || new AWS.@all(); await c.@method(@input).promise(); };',
    "v2 passed": V2 + "function go(client) { return client.@method(@input).promise(); }\ngo(c);",
    "v2 in a mapping": 'const AWS = require("aws-sdk");\nconst all = { it: new AWS.@all() };\nall.it.@method(@input).promise();',
    "v2 property": 'const AWS = require("aws-sdk");\nclass A { constructor() { this.c = new AWS.@all(); } go() { this.c.@method(@input).promise(); } }',
    "v2 promisified": 'const { promisify } = require("util");\n'
    + V2
    + "const f = promisify(c.@method.bind(c)); f(@input);",
    "v2 chosen": V2 + "c[op](@input).promise();",
    "v2 typed": 'import { @all } from "aws-sdk";\nclass A { constructor(private readonly c: @all) {} go() { return this.c.@method(@input).promise(); } }',
    "only a client": V3.replace(", @command", "") + "export const c = new @client({});",
    "sent from elsewhere": V3.replace(", @command", "")
    + "const c = new @client({}); export const run = (x) => c.send(x);",
}
GO_HEAD = 'package main\n\nimport (\n\t"context"\n\t"github.com/aws/aws-sdk-go-v2/aws"\n\t"github.com/aws/aws-sdk-go-v2/service/@pkg"\n)\n'
GO_OLD = 'package main\n\nimport (\n\t"github.com/aws/aws-sdk-go/aws"\n\t"github.com/aws/aws-sdk-go/service/@pkg"\n)\n'
GO_INPUT = '@pkg.@operationInput{@member: aws.String("@value")}'
GO = {
    "in place": GO_HEAD + f"func f(ctx context.Context, c *@pkg.Client) {{ c.@operation(ctx, &{GO_INPUT}) }}",
    "a name": GO_HEAD + f"func f(c *@pkg.Client) {{ in := &{GO_INPUT}; c.@operation(ctx, in) }}",
    "a name by value": GO_HEAD + f"func f(c *@pkg.Client) {{ in := {GO_INPUT}\n c.@operation(ctx, &in) }}",
    "put later": GO_HEAD
    + 'func f(c *@pkg.Client) { in := &@pkg.@operationInput{}\n in.@member = aws.String("@value")\n c.@operation(ctx, in) }',
    "new": GO_HEAD + "func f(c *@pkg.Client) { in := new(@pkg.@operationInput); c.@operation(ctx, in) }",
    "var": GO_HEAD + "func f(c *@pkg.Client) { var in @pkg.@operationInput; c.@operation(ctx, &in) }",
    "interface": GO_HEAD
    + "type api interface { @operation(context.Context, *@pkg.@operationInput) error }\nfunc f(a api, in *@pkg.@operationInput) { a.@operation(ctx, in) }",
    "nil": GO_HEAD + "func f() { c := @pkg.NewFromConfig(cfg); c.@operation(ctx, nil) }",
    "field": GO_HEAD + f"type s struct {{ c *@pkg.Client }}\nfunc (x *s) f() {{ x.c.@operation(ctx, &{GO_INPUT}) }}",
    "goroutine": GO_HEAD + f"func f(c *@pkg.Client) {{ go func() {{ c.@operation(ctx, &{GO_INPUT}) }}() }}",
    "method value": GO_HEAD + f"func f(c *@pkg.Client) {{ g := c.@operation; g(ctx, &{GO_INPUT}) }}",
    "lines": GO_HEAD
    + 'func f(c *@pkg.Client) {\n\tif _, err := c.@operation(ctx, &@pkg.@operationInput{\n\t\t@member: aws.String("@value"), // it\'s\n\t}); err != nil {\n\t\treturn\n\t}\n}',
    "variable": GO_HEAD
    + 'const name = "@value"\nfunc f(c *@pkg.Client) { c.@operation(ctx, &@pkg.@operationInput{@member: aws.String(name)}) }',
    "own pointer": GO_HEAD
    + 'func ptr(s string) *string { return &s }\nfunc f(c *@pkg.Client) { c.@operation(ctx, &@pkg.@operationInput{@member: ptr("@value")}) }',
    "renamed import": GO_HEAD.replace(
        '"github.com/aws/aws-sdk-go-v2/service/@pkg"', 'api "github.com/aws/aws-sdk-go-v2/service/@pkg"'
    )
    + 'func f(c *api.Client) { c.@operation(ctx, &api.@operationInput{@member: aws.String("@value")}) }',
    "one import": 'package main\nimport "github.com/aws/aws-sdk-go-v2/service/@pkg"\nfunc f(c *@pkg.Client) { c.@operation(ctx, &@pkg.@operationInput{@member: &name}) }',
    "old": GO_OLD + f"func f() {{ svc := @pkg.New(sess); svc.@operation(&{GO_INPUT}) }}",
    "old with context": GO_OLD + f"func f() {{ svc := @pkg.New(sess); svc.@operationWithContext(ctx, &{GO_INPUT}) }}",
    "old request": GO_OLD + "func f() { svc := @pkg.New(sess); req, _ := svc.@operationRequest(nil); req.Send() }",
    "returned": GO_HEAD
    + f"func in() *@pkg.@operationInput {{ return &{GO_INPUT} }}\nfunc f(c *@pkg.Client) {{ c.@operation(ctx, in()) }}",
    "retried": GO_HEAD
    + f"func f(c *@pkg.Client) {{ retry(func() error {{ _, err := c.@operation(ctx, &{GO_INPUT}); return err }}) }}",
    "a slice": GO_HEAD
    + 'func f(c *@pkg.Client) { for _, in := range []*@pkg.@operationInput{{@member: aws.String("@value")}} { c.@operation(ctx, in) } }',
    "only a client": GO_HEAD + "func f() { c := @pkg.NewFromConfig(cfg); use(c) }",
}
