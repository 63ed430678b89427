"""Prune a GraphQL schema to what given documents use. No I/O.

A field, argument, type or enum value that no document names is dropped, with exceptions that keep the result a schema:
required arguments; the whole of an input type that a variable carries; all values of an enum that can be answered or
sent in a variable; and the types that implement an interface where the documents name none of them.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeVar

from graphql import (
    DocumentNode,
    EnumValueNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableDefinitionNode,
    Visitor,
    build_ast_schema,
    get_named_type,
    is_required_argument,
    parse,
    print_ast,
    type_from_ast,
    validate,
    visit,
)
from graphql.language import ast

N = TypeVar("N", ast.FieldDefinitionNode, ast.InputValueDefinitionNode, ast.EnumValueDefinitionNode)


class _Uses(Visitor):
    """Collects what a document uses of the schema; graphql-core's visitors are made by inheriting."""

    def __init__(self, schema: GraphQLSchema, info: TypeInfo) -> None:
        super().__init__()
        self._schema, self._info = schema, info
        self.types: set[str] = set()
        self.fields: dict[str, set[str]] = defaultdict(set)
        self.arguments: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.literals: dict[str, set[str]] = defaultdict(set)
        self.whole: set[str] = set()

    def enter_field(self, node: FieldNode, *_: object) -> None:
        parent, field = self._info.get_parent_type(), self._info.get_field_def()
        name = node.name.value
        if parent is None or field is None or name.startswith("__"):
            return
        self.types.add(parent.name)
        self.fields[parent.name].add(name)
        self.arguments[parent.name, name] |= {argument.name.value for argument in node.arguments or ()}
        self.arguments[parent.name, name] |= {n for n, a in field.args.items() if is_required_argument(a)}
        for argument in self.arguments[parent.name, name]:
            self._input(get_named_type(field.args[argument].type), whole=False)
        self._output(get_named_type(field.type))

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: object) -> None:
        kind = type_from_ast(self._schema, node.type)
        if kind is not None:
            self._input(get_named_type(kind), whole=True)

    def enter_inline_fragment(self, node: InlineFragmentNode, *_: object) -> None:
        if node.type_condition:
            self.types.add(node.type_condition.name.value)

    def enter_fragment_definition(self, node: FragmentDefinitionNode, *_: object) -> None:
        self.types.add(node.type_condition.name.value)

    def enter_enum_value(self, node: EnumValueNode, *_: object) -> None:
        kind = self._info.get_input_type()
        if kind is not None:
            self.literals[get_named_type(kind).name].add(node.value)

    def _output(self, kind: GraphQLNamedType) -> None:
        self.types.add(kind.name)
        if isinstance(kind, GraphQLEnumType):
            self.whole.add(kind.name)

    def _input(self, kind: GraphQLNamedType, *, whole: bool) -> None:
        first = kind.name not in self.types or (whole and kind.name not in self.whole)
        self.types.add(kind.name)
        if whole:
            self.whole.add(kind.name)
        if isinstance(kind, GraphQLInputObjectType) and first:
            for field in kind.fields.values():
                self._input(get_named_type(field.type), whole=True)


def _used(schema: GraphQLSchema, documents: Sequence[str]) -> _Uses:
    info = TypeInfo(schema)
    uses = _Uses(schema, info)
    for text in documents:
        document = parse(text)
        errors = validate(schema, document)
        if errors:
            raise ValueError(f"a document does not fit the published schema: {errors[0].message}\n{text}")
        visit(document, TypeInfoVisitor(info, uses))
    _implement(schema, uses)
    for name in list(uses.types):
        for interface in getattr(schema.type_map[name], "interfaces", ()):
            if interface.name in uses.types:
                uses.fields[name] |= uses.fields[interface.name]
                for field in uses.fields[interface.name]:
                    uses.arguments[name, field] |= uses.arguments[interface.name, field]
    return uses


def _implement(schema: GraphQLSchema, uses: _Uses) -> None:
    for name in list(uses.types):
        kind = schema.type_map[name]
        if isinstance(kind, GraphQLInterfaceType):
            possible = {one.name for one in schema.get_possible_types(kind)}
            if not possible & uses.types:
                uses.types |= possible


def prune(schema_text: str, documents: Sequence[str]) -> str:
    """The schema's text reduced to what `documents` use, sorted by name, without descriptions and directives.

    Raises ValueError when a document is not valid against the whole schema.
    """
    tree = parse(schema_text, no_location=True)
    uses = _used(build_ast_schema(tree, assume_valid=True), documents)
    types = [node for node in tree.definitions if isinstance(node, ast.TypeDefinitionNode)]
    types.sort(key=lambda node: node.name.value)
    kept = [_definition(node, uses) for node in types if node.name.value in uses.types]
    return print_ast(DocumentNode(definitions=tuple(kept)))


def _definition(node: ast.TypeDefinitionNode, uses: _Uses) -> ast.TypeDefinitionNode:
    name = node.name.value
    match node:
        case ast.ObjectTypeDefinitionNode() | ast.InterfaceTypeDefinitionNode():
            return type(node)(
                name=node.name,
                directives=(),
                interfaces=_named(node.interfaces, uses),
                fields=tuple(
                    _field(name, field, uses) for field in _sorted(node.fields) if field.name.value in uses.fields[name]
                ),
            )
        case ast.UnionTypeDefinitionNode():
            return ast.UnionTypeDefinitionNode(name=node.name, directives=(), types=_named(node.types, uses))
        case ast.EnumTypeDefinitionNode():
            values = [v for v in _sorted(node.values) if name in uses.whole or v.name.value in uses.literals[name]]
            bare = tuple(ast.EnumValueDefinitionNode(name=value.name, directives=()) for value in values)
            return ast.EnumTypeDefinitionNode(name=node.name, directives=(), values=bare)
        case ast.InputObjectTypeDefinitionNode():
            return ast.InputObjectTypeDefinitionNode(
                name=node.name, directives=(), fields=tuple(_input(field) for field in _sorted(node.fields))
            )
        case _:
            return ast.ScalarTypeDefinitionNode(name=node.name, directives=())


def _named(nodes: Sequence[ast.NamedTypeNode] | None, uses: _Uses) -> tuple[ast.NamedTypeNode, ...]:
    return tuple(sorted((n for n in nodes or () if n.name.value in uses.types), key=lambda n: n.name.value))


def _sorted(nodes: Sequence[N] | None) -> list[N]:
    return sorted(nodes or (), key=lambda node: node.name.value)


def _field(parent: str, node: ast.FieldDefinitionNode, uses: _Uses) -> ast.FieldDefinitionNode:
    used = uses.arguments[parent, node.name.value]
    arguments = tuple(_input(argument) for argument in _sorted(node.arguments) if argument.name.value in used)
    return ast.FieldDefinitionNode(name=node.name, directives=(), arguments=arguments, type=node.type)


def _input(node: ast.InputValueDefinitionNode) -> ast.InputValueDefinitionNode:
    return ast.InputValueDefinitionNode(name=node.name, directives=(), type=node.type, default_value=node.default_value)
